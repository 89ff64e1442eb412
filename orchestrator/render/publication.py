"""What became of runs of publishing and of taking them back, as text for people and as documents for programs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.errors import ExitCode
from orchestrator.model.publishing.rollback import Restored, Result
from orchestrator.model.publishing.run import PublishRun
from orchestrator.render.moves import by_fate, counted, moves_document, moves_text
from orchestrator.render.summary import short

_READS = ("GET", "HEAD")


def publish_text(run: PublishRun) -> str:
    """What became of tags; how to take it back, or by which requests it would be done."""
    text = moves_text(run.moved)
    if run.writes:
        return (
            text + f"requests: {_requests(_reads(run))} so far; to move them {_requests(run.writes)} and their checks\n"
        )
    if run.journal.entries:
        return text + f"run: {run.journal.run}, taken back by `orchestrator rollback {run.journal.run}`\n"
    return text


def publish_document(run: PublishRun) -> dict[str, Any]:
    """`out/publish.json`, schema 1."""
    moves_by = {"run": run.journal.run if run.journal.entries and not run.writes else None}
    requests = {"requests": {"sent": dict(sorted(run.requests.items())), "planned": dict(sorted(run.writes.items()))}}
    return {"schema": 1, "exit_code": int(run.code), **moves_by, **requests, "tags": moves_document(run.moved)}


def _reads(run: PublishRun) -> dict[str, int]:
    return {method: count for method, count in run.requests.items() if method in _READS}


def _requests(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {method}" for method, count in sorted(counts.items())) or "none"


def rollback_text(several: Sequence[Restored]) -> str:
    """What became of the tags of a run, those with the same fate together."""
    same: dict[tuple[str, ...], list[str]] = {}
    for each in several:
        entry = each.entry
        if each.result is Result.UNCHANGED:
            continue
        fate = (
            entry.tag.repository.short,
            str(each.result),
            short(entry.after),
            short(entry.before) or "-",
            each.detail,
        )
        same.setdefault(fate, []).append(entry.tag.tag)
    text = by_fate(("repository", "result", "from", "to", "tags"), same)
    return text + f"tags: {counted(str(each.result) for each in several)}\n"


def rollback_document(several: Iterable[Restored], code: ExitCode) -> dict[str, Any]:
    """What `rollback --format json` prints, schema 1."""
    tags = [
        {
            "tag": str(each.entry.tag),
            "result": str(each.result),
            "before": each.entry.after,
            "after": each.entry.before or None,
            "detail": each.detail,
            "exit_code": int(each.code),
        }
        for each in several
    ]
    return {"schema": 1, "exit_code": int(code), "tags": tags}
