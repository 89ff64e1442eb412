import datetime as dt
import json
from typing import Any

import pytest

from orchestrator.errors import ExitCode
from orchestrator.model.outcomes import BuiltOn, Outcome, Result, record
from orchestrator.model.status.records import Record
from tests.samples import build

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
BUILD = build("2.0/trixie@amd64")
FAILED = Outcome(
    str(BUILD.target),
    "amd64",
    BUILD.build_id,
    Result.FAILED,
    ExitCode.BUILD_FAILED,
    "exit code: 7",
    seconds=1.5,
    attempts=1,
    builder=BuiltOn("big", "tcp://10.0.0.5:1234"),
    log="logs/it.log",
)
WRITTEN = record(FAILED, BUILD, started=NOON)


def test_what_a_build_recorded_is_read_back() -> None:
    assert Record.read(json.dumps(WRITTEN)) == Record(
        target="2.0/trixie@amd64",
        build_id=BUILD.build_id,
        result=Result.FAILED,
        exit_code=ExitCode.BUILD_FAILED,
        detail="exit code: 7",
        size_bytes=0,
        started=NOON,
        seconds=1.5,
        attempts=1,
        builder=BuiltOn("big", "tcp://10.0.0.5:1234"),
        repeat=BUILD.make_command,
        log="logs/it.log",
    )


def test_a_record_of_before_records_named_builders_is_read_as_well() -> None:
    old = {key: value for key, value in WRITTEN.items() if key != "builder"}

    assert Record.read(json.dumps(old)).builder is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"builder": "big"}, "/builder: "),
        ({"schema": 2}, "/schema: "),
        ({"result": "splendid"}, "/result: expected `up to date`, `built`, "),
        ({"started": "noon"}, "/started: "),
        ({"size_bytes": -1}, "/size_bytes: "),
    ],
)
def test_a_wrong_record_is_refused_with_the_place(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match="^" + expected):
        Record.read(json.dumps(WRITTEN | change))


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        Record.read("{")
