"""Reads what earlier builds left in the folder of outputs: records, the ends of logs, the events of the last run."""

import re
from collections.abc import Iterable
from pathlib import Path

from orchestrator.model.outcomes import Result
from orchestrator.model.plan import Build
from orchestrator.model.status import Here
from orchestrator.model.status.last_run import LastRun
from orchestrator.model.status.records import Record
from orchestrator.tools.events import NAME, is_being_written
from orchestrator.tools.logs import log

_EXCERPT_LINES = 30
_EXCERPT_BYTES = 3_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def here(out: Path, builds: Iterable[Build]) -> Here:
    """What the folder knows of these builds; what is not there, or cannot be read, is as if it had never been."""
    found = {build.build_id: record for build in builds if (record := _record(out, build)) is not None}
    failed = (record for record in found.values() if record.result is Result.FAILED and record.log)
    excerpts = {record.build_id: _end(out, record.log) for record in failed}
    return Here(found, excerpts, _last_run(out / NAME))


def _last_run(path: Path) -> LastRun | None:
    # In this order: a run that ends in between has told all of it.
    is_over = not is_being_written(path)
    return LastRun.of(_text(path).splitlines(), is_over=is_over)


def _record(out: Path, build: Build) -> Record | None:
    path = out / "builds" / build.target.arch / f"{build.build_id}.json"
    text = _text(path)
    if not text:
        return None
    try:
        return Record.read(text)
    except ValueError as error:
        log.warning("a record cannot be read", file=str(path), problem=str(error))
        return None


def _end(out: Path, name: str) -> tuple[str, ...]:
    """The last lines of a log, if it is one of this folder's."""
    path = out / name
    if not path.resolve().is_relative_to(out.resolve()):
        return ()
    lines = _CONTROL.sub("", _text(path, last_bytes=_EXCERPT_BYTES)).splitlines()
    return tuple(lines[-_EXCERPT_LINES:])


def _text(path: Path, *, last_bytes: int = 0) -> str:
    """The text of a file, or the end of it; empty where it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError:
        return ""
    return content[-last_bytes:].decode("utf-8", "replace")
