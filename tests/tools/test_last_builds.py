import json
from pathlib import Path
from typing import Any

import pytest
import structlog

from orchestrator.model.status import Here
from orchestrator.model.status.records import Record
from orchestrator.tools.events import events_file
from orchestrator.tools.last_builds import here
from tests.samples import build

BUILD = build("2.0/trixie@amd64")
RECORD: dict[str, Any] = {
    "schema": 1,
    "target": str(BUILD.target),
    "build_id": BUILD.build_id,
    "result": "failed",
    "exit_code": 10,
    "detail": "exit code: 7",
    "size_bytes": 0,
    "started": "2026-01-01T12:00:00+00:00",
    "seconds": 1.5,
    "attempts": 1,
    "repeat": "make build",
    "log": "logs/it.log",
}


def leave(out: Path, name: str, text: str) -> Path:
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def leave_record(out: Path, **changes: Any) -> Record:
    text = json.dumps(RECORD | changes)
    leave(out, f"builds/amd64/{BUILD.build_id}.json", text)
    return Record.read(text)


def test_a_failed_build_comes_with_the_end_of_its_log(tmp_path: Path) -> None:
    record = leave_record(tmp_path)
    leave(tmp_path, "logs/it.log", "".join(f"line {number}\n" for number in range(100)) + "\x1b[1mno\x07\ttool\n")

    found = here(tmp_path, (BUILD, build("1.0/trixie@amd64")))

    lines = (*(f"line {number}" for number in range(71, 100)), "[1mno\ttool")
    assert found == Here({BUILD.build_id: record}, {BUILD.build_id: lines})


def test_a_log_without_an_end_is_read_by_its_last_bytes(tmp_path: Path) -> None:
    leave_record(tmp_path)
    leave(tmp_path, "logs/it.log", "x" * 1_000_000)

    assert here(tmp_path, (BUILD,)).excerpts == {BUILD.build_id: ("x" * 3_000,)}


def test_a_log_elsewhere_is_not_read(tmp_path: Path) -> None:
    leave(tmp_path, "secret", "hush")
    leave_record(tmp_path / "out", log="../secret")

    assert here(tmp_path / "out", (BUILD,)).excerpts == {BUILD.build_id: ()}


@pytest.mark.parametrize("changes", [{"result": "built"}, {"log": ""}])
def test_what_did_not_fail_or_was_not_tried_has_no_excerpt(tmp_path: Path, changes: dict[str, str]) -> None:
    record = leave_record(tmp_path, **changes)

    assert here(tmp_path, (BUILD,)) == Here({BUILD.build_id: record})


def test_a_folder_that_is_not_there_knows_nothing(tmp_path: Path) -> None:
    assert here(tmp_path / "none", (BUILD,)) == Here()


def test_a_record_that_cannot_be_read_is_said_and_passed_over(tmp_path: Path) -> None:
    leave(tmp_path, f"builds/amd64/{BUILD.build_id}.json", "{}")

    with structlog.testing.capture_logs() as logs:
        found = here(tmp_path, (BUILD,))

    assert found == Here()
    assert [entry["event"] for entry in logs] == ["a record cannot be read"]


def test_the_last_run_is_read_from_its_events(tmp_path: Path) -> None:
    leave(tmp_path, "events.jsonl", '{"time": "2026-01-01T12:00:00+00:00", "event": "run"}\n{"time":')

    run = here(tmp_path, ()).last_run

    assert run is not None
    assert (run.began.hour, run.builds, run.is_over) == (12, (), True)


def test_a_run_that_writes_events_still_is_not_over(tmp_path: Path) -> None:
    with events_file(tmp_path) as append:
        append('{"time": "2026-01-01T12:00:00+00:00", "event": "run"}\n')
        during = here(tmp_path, ()).last_run
    after = here(tmp_path, ()).last_run

    assert during is not None
    assert after is not None
    assert (during.is_over, after.is_over) == (False, True)
