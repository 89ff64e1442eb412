"""What became of public tags, and what their journals tell, as text for people and as documents for programs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.errors import ExitCode
from orchestrator.model.publishing.moves import Move, Moved
from orchestrator.model.publishing.rollback import Restored, Result
from orchestrator.model.publishing.run import PublishRun
from orchestrator.render.summary import short, table

_READS = ("GET", "HEAD")
_NEW = "(new)"


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


def moves_text(moved: Sequence[Moved]) -> str:
    """What became of tags, those with the same fate together; unchanged ones are only counted."""
    same: dict[tuple[str, ...], list[str]] = {}
    warnings: dict[str, list[str]] = {}
    for each in moved:
        if each.move is not Move.UNCHANGED:
            same.setdefault(_fate(each), []).append(each.tag.tag)
        for warning in each.warnings:
            warnings.setdefault(warning, []).append(each.tag.tag)
    text = _by_fate(("repository", "result", "from", "to", "platforms", "tags"), same)
    text += "".join(f"warning: {', '.join(dict.fromkeys(tags))}: {what}\n" for what, tags in warnings.items())
    return text + f"tags: {_counted(str(each.move) for each in moved)}\n"


def moves_document(moved: Iterable[Moved]) -> list[dict[str, Any]]:
    """Tags in a document."""
    return [_move_entry(each) for each in moved]


def _counted(results: Iterable[str]) -> str:
    """How often there was each result."""
    return ", ".join(f"{count} {result}" for result, count in sorted(Counter(results).items())) or "none"


def _by_fate(head: Sequence[str], same: Mapping[tuple[str, ...], Sequence[str]]) -> str:
    """A table of tags by what they have in common, the detail last; nothing where there are none."""
    rows = [(*fate, ", ".join(tags) + (f": {detail}" if detail else "")) for (*fate, detail), tags in same.items()]
    return table(head, rows) if rows else ""


def _fate(moved: Moved) -> tuple[str, ...]:
    """What tags must have in common to stand on one line; the detail comes last."""
    return (
        moved.tag.repository.short,
        str(moved.move),
        short(moved.before) or (_NEW if moved.after else "-"),
        short(moved.after) or "-",
        _platforms(moved),
        moved.detail.replace("\n", "; "),
    )


def _move_entry(moved: Moved) -> dict[str, Any]:
    return {
        "tag": str(moved.tag),
        "result": str(moved.move),
        "before": moved.before or None,
        "after": moved.after or None,
        "platforms": [member.platform for member in moved.publication.members],
        "kept": [member.platform for member in moved.kept],
        "left_out": [str(target) for target in moved.publication.left_out],
        "held_by": [str(target) for target in moved.publication.held_by],
        "unknown": [str(unknown.target) for unknown in moved.publication.unknown],
        "warnings": list(moved.warnings),
        "detail": moved.detail,
        "exit_code": int(moved.code),
    }


def _platforms(moved: Moved) -> str:
    count = len(moved.publication.members) + len(moved.kept)
    left_out = ", ".join(target.arch for target in moved.publication.left_out)
    return f"{count} (without {left_out})" if left_out else str(count)


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
    text = _by_fate(("repository", "result", "from", "to", "tags"), same)
    return text + f"tags: {_counted(str(each.result) for each in several)}\n"


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
