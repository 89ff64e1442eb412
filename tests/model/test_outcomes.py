import datetime as dt

import pytest

from orchestrator.errors import ExitCode
from orchestrator.model import outcomes
from orchestrator.model.oci import digest_of
from orchestrator.model.outcomes import Outcome, Result, exit_code, record
from tests.samples import build

BUILD = build("2.0/trixie@s390x")
STARTED = dt.datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=dt.UTC)


def outcome(result: Result, code: ExitCode) -> Outcome:
    return Outcome("2.0/trixie@s390x", "s390x", BUILD.build_id, result, code)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((), ExitCode.DONE),
        ((ExitCode.DONE, ExitCode.DONE), ExitCode.DONE),
        ((ExitCode.DONE, ExitCode.TEST_FAILED, ExitCode.BUILD_FAILED), ExitCode.BUILD_FAILED),
        ((ExitCode.UNAVAILABLE, ExitCode.INCOMPLETE), ExitCode.UNAVAILABLE),
        ((ExitCode.UNAVAILABLE, ExitCode.BUILD_FAILED), ExitCode.BUILD_FAILED),
    ],
)
def test_the_worst_outcome_decides(codes: tuple[ExitCode, ...], expected: ExitCode) -> None:
    assert exit_code(outcome(Result.FAILED, code) for code in codes) == expected


def test_the_record_of_a_build_says_what_was_made_from_what() -> None:
    index, image = digest_of(b"index"), digest_of(b"image")
    built = Outcome(
        target="2.0/trixie@s390x",
        arch="s390x",
        build_id=BUILD.build_id,
        result=Result.BUILT,
        digest=index,
        image_digest=image,
        size=12_345,
        seconds=6.5,
        attempts=2,
        cached_steps=1,
        steps=3,
        log="logs/2.0/trixie@s390x.log",
        tests=(outcomes.TestResult("runs", "", 0.25), outcomes.TestResult("says", "it says nothing", 0.5)),
    )

    assert record(built, BUILD, started=STARTED) == {
        "schema": 1,
        "target": "2.0/trixie@s390x",
        "arch": "s390x",
        "build_id": BUILD.build_id,
        "result": "built",
        "exit_code": 0,
        "reason": BUILD.reason,
        "detail": "",
        "digest": index,
        "image_digest": image,
        "size_bytes": 12_345,
        "bases": [{"name": "busybox:trixie", "digest": digest_of(b"s390x")}],
        "started": "2026-02-03T04:05:06+00:00",
        "seconds": 6.5,
        "attempts": 2,
        "steps": {"all": 3, "cached": 1},
        "tests": [
            {"name": "runs", "problem": "", "seconds": 0.25},
            {"name": "says", "problem": "it says nothing", "seconds": 0.5},
        ],
        "repeat": "make build VERSION=2.0 VARIANT=trixie ARCH=s390x BUILD_ARGS=LINE=2.0/trixie",
        "log": "logs/2.0/trixie@s390x.log",
    }


def test_what_was_not_made_is_null() -> None:
    failed = record(outcome(Result.FAILED, ExitCode.UNAVAILABLE), BUILD, started=STARTED)

    assert {key: failed[key] for key in ("result", "exit_code", "digest", "image_digest", "tests")} == {
        "result": "failed",
        "exit_code": 13,
        "digest": None,
        "image_digest": None,
        "tests": [],
    }
