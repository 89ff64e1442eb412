"""What journals tell of runs and tags, as text for people and as documents for programs."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.errors import ExitCode
from orchestrator.model.publishing.journal import Entry, Journal
from orchestrator.model.references import Reference
from orchestrator.render.summary import short, table

_SHORT_ID = 12


def runs_text(runs: Sequence[Journal]) -> str:
    """Runs, the last one first, with how many tags each moved."""
    if not runs:
        return "no run has moved a tag yet\n"
    rows = [(each.run, each.verb, _when(each), each.by, each.tool, _count(each)) for each in runs]
    return table(("run", "verb", "began", "by", "version", "tags"), rows)


def runs_document(runs: Iterable[Journal], code: ExitCode) -> dict[str, Any]:
    """What `history --format json` prints, schema 1."""
    return {"schema": 1, "exit_code": int(code), "runs": [each.document() for each in runs]}


def history_text(runs: Iterable[Journal], tag: Reference, now: str | None) -> str:
    """What a tag named, the last first, and whether it still does; `now` is None where nobody can say what it names."""
    found = _of(runs, tag)
    lines = f"{tag.short} names {'what nobody can say' if now is None else now or 'nothing'}\n"
    if not found:
        return lines + "no run that is known moved it\n"
    if now is not None and not any(entry.after == now for _, entry in found[:1]):
        lines += "that was not put there by the last run that is known\n"
    rows = [
        (
            _when(run),
            short(entry.after),
            run.run,
            run.verb + ("" if entry.is_done else " (intended)"),
            run.by,
            _ids(entry),
        )
        for run, entry in found
    ]
    return lines + table(("since", "digest", "run", "verb", "by", "builds"), rows)


def history_document(runs: Iterable[Journal], tag: Reference, now: str | None, code: ExitCode) -> dict[str, Any]:
    """What `history TAG --format json` prints, schema 1."""
    entries = [
        {
            "since": run.began.isoformat(),
            "digest": entry.after,
            "before": entry.before or None,
            "run": run.run,
            "verb": run.verb,
            "by": run.by,
            "result": entry.result,
            "builds": dict(entry.builds),
        }
        for run, entry in _of(runs, tag)
    ]
    return {"schema": 1, "exit_code": int(code), "tag": str(tag), "now": now or None, "history": entries}


def _of(runs: Iterable[Journal], tag: Reference) -> list[tuple[Journal, Entry]]:
    """The moves of a tag; one that only went back has the builds of the run that was there before."""
    found = [(run, entry) for run in runs for entry in run.entries if entry.tag == tag]
    builds = {entry.after: entry.builds for _, entry in found if entry.builds}
    return [(run, replace(entry, builds=entry.builds or builds.get(entry.after, ()))) for run, entry in found]


def _when(run: Journal) -> str:
    return run.began.strftime("%Y-%m-%d %H:%M:%S")


def _count(run: Journal) -> str:
    done = sum(entry.is_done for entry in run.entries)
    return str(done) if done == len(run.entries) else f"{done} of {len(run.entries)}"


def _ids(entry: Entry) -> str:
    """Targets with as much of their build IDs as people compare."""
    return ", ".join(f"{target} {build_id[:_SHORT_ID]}" for target, build_id in entry.builds) or "-"
