"""How every target stands, as a matrix for people and as a document for programs."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.model.outcomes import Result
from orchestrator.model.platforms import ARCHES
from orchestrator.model.status import Cell, Failure, Standing, Status
from orchestrator.model.status.last_run import LastRun, Ran
from orchestrator.model.status.public_tags import Public, Publicity, SharedTag
from orchestrator.render.summary import first

COLUMNS = 80
"""What the matrix fits; lines that tell why may be longer."""

MARKS: Mapping[Standing, str] = {
    Standing.FAILED: "F",
    Standing.BLOCKED: "B",
    Standing.UNKNOWN: "?",
    Standing.MISSING: "M",
    Standing.STALE: "S",
    Standing.BUILDING: ">",
    Standing.UP_TO_DATE: "=",
}

_CELL = 3
_GAP = ".."
_SHOWN_PROBLEMS = 5


def status_text(status: Status) -> str:
    """The matrix with what its marks mean, why targets are not up to date, what is public, what is unknown."""
    parts = (
        f"{status.repositories.shared} at {status.at:%Y-%m-%d %H:%M} UTC\n",
        _matrix(status.cells),
        "  ".join(f"{MARKS[standing]} {standing} {count}" for standing, count in status.counts.items()) + "\n",
        "".join(_why(status.cells, at=status.at)),
        _public(status.cells, at=status.at) + _unknown(status.problems),
    )
    return "\n".join(filter(None, parts))


def age(since: dt.datetime, at: dt.datetime) -> str:
    """A span of time in its largest unit."""
    seconds = max(0, int((at - since).total_seconds()))
    units = (("d", 86_400), ("h", 3_600), ("min", 60))
    return next((f"{seconds // length} {unit}" for unit, length in units if seconds >= length), f"{seconds} s")


def status_document(status: Status) -> dict[str, Any]:
    """What `status --format json` prints, schema 1: all times are in UTC, sizes those of layers as they travel."""
    return {
        "schema": 1,
        "exit_code": int(status.code),
        "image": status.repositories.config.title,
        "repository": str(status.repositories.shared),
        "at": _time(status.at),
        "counts": {str(standing): count for standing, count in status.counts.items()},
        "builds": [_build_entry(cell) for cell in status.cells],
        "tags": [_tag_entry(tag) for tag in status.tags],
        "last_run": _run_entry(status.last_run) if status.last_run else None,
        "problems": list(status.problems),
    }


def _matrix(cells: Sequence[Cell]) -> str:
    """A line for each variant of each line of versions, a column for each arch, whose names stand like stairs."""
    present = {cell.target.arch for cell in cells}
    arches = [arch for arch in ARCHES if arch in present]
    room = COLUMNS - max(_CELL * number + len(arch) for number, arch in enumerate(arches)) - _CELL
    marks: dict[str, dict[str, str]] = defaultdict(dict)
    for cell in cells:
        marks[cell.target.facts.name][cell.target.arch] = MARKS[cell.standing]
    width = min(max(map(len, marks)), room) + _CELL - 1
    stairs = [" " * width + "|  " * number + arch for number, arch in enumerate(arches)]
    rows = [
        _cut(name, room).ljust(width) + "".join(of.get(arch, "").ljust(_CELL) for arch in arches)
        for name, of in marks.items()
    ]
    return "".join(f"{line.rstrip()}\n" for line in (*stairs, *rows))


def _cut(name: str, room: int) -> str:
    """A name in so many letters; one that is too long loses its middle."""
    if len(name) <= room:
        return name
    kept = (room - len(_GAP)) // 2
    return f"{name[: room - len(_GAP) - kept]}{_GAP}{name[-kept:]}"


def _why(cells: Iterable[Cell], *, at: dt.datetime) -> Iterator[str]:
    """Each reason with the targets that it is told of, what needs a person most first."""
    told: dict[tuple[Standing, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.standing not in (Standing.UP_TO_DATE, Standing.UNKNOWN):
            told[cell.standing, _because(cell, at=at)].append(cell)
    order = list(Standing)
    for (standing, because), several in sorted(told.items(), key=lambda item: order.index(item[0][0])):
        logs = [cell.failure.log for cell in several if cell.failure and cell.failure.log]
        yield f"{standing}: {first([cell.target for cell in several])}\n  {because}\n"
        if standing is Standing.FAILED and logs:
            yield f"  log: {first(logs)}\n"


def _because(cell: Cell, *, at: dt.datetime) -> str:
    if cell.standing is Standing.BUILDING and cell.running:
        where = f" on {cell.running.builder}" if cell.running.builder else ""
        return f"for {age(cell.running.started, at)}{where}"
    if cell.standing is Standing.FAILED and cell.failure:
        failure = cell.failure
        tries = "once" if failure.tries == 1 else f"{failure.tries} times"
        return f"{tries}, first {age(failure.since, at)} ago: {'; '.join(failure.cause.splitlines())}"
    return "; ".join(cell.why)


def _public(cells: Iterable[Cell], *, at: dt.datetime) -> str:
    several = [cell.public for cell in cells if cell.public]
    found = Counter(public.publicity for public in several)
    counts = ", ".join(f"{found[publicity]} {publicity}" for publicity in Publicity if found[publicity])
    oldest = min((public.since for public in several if public.since), default=None)
    return f"targets: {counts}" + (f"; the oldest moved {age(oldest, at)} ago" if oldest else "") + "\n"


def _unknown(problems: Sequence[str]) -> str:
    more = len(problems) - _SHOWN_PROBLEMS
    lines = "".join(f"unknown: {problem}\n" for problem in problems[:_SHOWN_PROBLEMS])
    return lines + (f"and {more} more that `--format json` tells\n" if more > 0 else "")


def _build_entry(cell: Cell) -> dict[str, Any]:
    facts, build = cell.target.facts, cell.build
    return {
        "target": str(cell.target),
        "version": facts.line,
        "variant": facts.variant.name,
        "group": facts.variant.group,
        "arch": cell.target.arch,
        "platform": str(cell.target.platform),
        "build_id": build.build_id if build else None,
        "state": str(cell.standing),
        "why": list(cell.why),
        "staged": build.staged or None if build else None,
        "repeat": _repeat(cell),
        "failure": _failure_entry(cell.failure) if cell.failure else None,
        "building": _ran_entry(cell.running) if cell.running else None,
        "last_build": _record_entry(cell),
        "public": _public_entry(cell.public) if cell.public else None,
        "size_bytes": cell.size or None,
        "sizes": [{"since": _time(each.since), "digest": each.digest, "size_bytes": each.size} for each in cell.sizes],
    }


def _repeat(cell: Cell) -> str | None:
    """The command of what failed here, told what that run was told; else the one that builds it now."""
    if cell.record and cell.record.result is Result.FAILED:
        return cell.record.repeat
    return cell.build.make_command if cell.build else None


def _failure_entry(failure: Failure) -> dict[str, Any]:
    return {
        "since": _time(failure.since),
        "last": _time(failure.last),
        "tries": failure.tries,
        "due": _time(failure.due) if failure.due else None,
        "exit_code": int(failure.code),
        "cause": failure.cause,
        "log": failure.log or None,
        "excerpt": list(failure.excerpt),
    }


def _record_entry(cell: Cell) -> dict[str, Any] | None:
    record = cell.record
    if record is None:
        return None
    return {
        "result": str(record.result),
        "started": _time(record.started),
        "seconds": record.seconds,
        "attempts": record.attempts,
        "builder": asdict(record.builder) if record.builder else None,
        "log": f"out/{record.log}" if record.log else None,
    }


def _public_entry(public: Public) -> dict[str, Any]:
    return {
        "state": str(public.publicity),
        "tag": str(public.tag),
        "digest": public.digest or None,
        "since": _time(public.since) if public.since else None,
        "run": public.run or None,
        "problem": public.problem or None,
    }


def _tag_entry(tag: SharedTag) -> dict[str, Any]:
    return {
        "tag": tag.tag.tag,
        "reference": str(tag.tag),
        "state": str(tag.publicity),
        "digest": tag.digest or None,
        "since": _time(tag.since) if tag.since else None,
        "targets": [str(target) for target in tag.targets],
    }


def _run_entry(run: LastRun) -> dict[str, Any]:
    return {
        "began": _time(run.began),
        "heard": _time(run.heard),
        "builds": [{**_ran_entry(each), "running": each.build_id in run.running} for each in run.builds],
    }


def _ran_entry(ran: Ran) -> dict[str, Any]:
    return {
        "target": ran.target,
        "builder": ran.builder or None,
        "started": ran.started.isoformat(timespec="milliseconds"),
        "ended": ran.ended.isoformat(timespec="milliseconds") if ran.ended else None,
        "result": ran.result or None,
        "attempts": ran.attempts,
    }


def _time(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds")
