import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import pytest

from orchestrator.errors import ExitCode
from orchestrator.model import outcomes
from orchestrator.model.oci import digest_of
from orchestrator.model.outcomes import BuiltOn, Outcome, Result, exit_code, on_parents, record
from orchestrator.model.plan import Build
from orchestrator.model.targets import Target
from tests.samples import build, child

BUILD = build("2.0/trixie@s390x")
STAGED, NEW = digest_of(b"staged"), digest_of(b"new")
CHILD = child("2.0/slim-trixie@s390x", BUILD)
ON_STAGED = child("2.0/slim-trixie@s390x", replace(BUILD, staged=STAGED))
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
        builder=BuiltOn("s390x", "tcp://10.0.0.5:1234"),
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
        "place": None,
        "digest": index,
        "image_digest": image,
        "size_bytes": 12_345,
        "bases": [{"name": "busybox:trixie", "digest": digest_of(b"s390x")}],
        "started": "2026-02-03T04:05:06+00:00",
        "seconds": 6.5,
        "attempts": 2,
        "builder": {"name": "s390x", "address": "tcp://10.0.0.5:1234"},
        "steps": {"all": 3, "cached": 1},
        "tests": [
            {"name": "runs", "problem": "", "seconds": 0.25},
            {"name": "says", "problem": "it says nothing", "seconds": 0.5},
        ],
        "untested": None,
        "repeat": "make build VERSION=2.0 VARIANT=trixie ARCH=s390x",
        "log": "logs/2.0/trixie@s390x.log",
    }


def ended(result: Result, code: ExitCode = ExitCode.DONE, *, detail: str = "", digest: str = "") -> Outcome:
    """What became of the parent."""
    return Outcome("2.0/trixie@s390x", "s390x", BUILD.build_id, result, code, detail, digest=digest)


@pytest.mark.parametrize(
    ("one", "parents", "digest"),
    [
        (CHILD, {BUILD.target: ended(Result.BUILT, digest=NEW)}, NEW),
        # Staged it is, though its record could not be written.
        (CHILD, {BUILD.target: ended(Result.BUILT, ExitCode.LOCAL_OUTPUT, digest=NEW)}, NEW),
        (ON_STAGED, {}, STAGED),
        (ON_STAGED, {BUILD.target: ended(Result.BUILT, digest=NEW)}, NEW),
    ],
)
def test_a_build_stands_on_what_staging_has_of_its_parents(
    one: Build, parents: Mapping[Target, Outcome], digest: str
) -> None:
    assert on_parents(one, parents) == one.on({BUILD.target: digest})


@pytest.mark.parametrize(
    ("one", "parents", "detail"),
    [
        (CHILD, {BUILD.target: ended(Result.FAILED, ExitCode.TEST_FAILED, digest=NEW)}, "failed"),
        (CHILD, {BUILD.target: ended(Result.NOT_RUN, ExitCode.INCOMPLETE)}, "not run"),
        (ON_STAGED, {BUILD.target: ended(Result.FAILED, ExitCode.BUILD_FAILED)}, "failed"),
        (CHILD, {}, "unknown"),
    ],
)
def test_a_build_is_blocked_by_a_parent_that_is_not_there(
    one: Build, parents: Mapping[Target, Outcome], detail: str
) -> None:
    assert on_parents(one, parents) == Outcome(
        *("2.0/slim-trixie@s390x", "s390x", one.build_id, Result.BLOCKED, ExitCode.INCOMPLETE),
        detail=f"blocked by 2.0/trixie@s390x: {detail}",
    )


def test_what_blocks_a_parent_blocks_all_that_stand_on_it() -> None:
    cause = "blocked by 1.0/trixie@s390x: failed"

    found = on_parents(CHILD, {BUILD.target: ended(Result.BLOCKED, ExitCode.INCOMPLETE, detail=cause)})

    assert isinstance(found, Outcome)
    assert (found.target, found.result, found.detail) == ("2.0/slim-trixie@s390x", Result.BLOCKED, cause)


def test_what_was_not_made_is_null() -> None:
    failed = record(outcome(Result.FAILED, ExitCode.UNAVAILABLE), BUILD, started=STARTED)

    assert {key: failed[key] for key in ("result", "exit_code", "digest", "image_digest", "builder", "tests")} == {
        "result": "failed",
        "exit_code": 13,
        "digest": None,
        "image_digest": None,
        "builder": None,
        "tests": [],
    }
