"""What became of builds: outcomes as values, and the records that are kept of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from orchestrator.errors import ExitCode, worst
from orchestrator.model.plan import Build


class Result(StrEnum):
    """What became of one build."""

    UP_TO_DATE = "up to date"
    BUILT = "built"
    FAILED = "failed"
    NOT_RUN = "not run"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class TestResult:
    """What one smoke test found; `problem` is empty when it passed."""

    name: str
    problem: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one build and where its traces are."""

    target: str
    arch: str
    build_id: str
    result: Result
    code: ExitCode = ExitCode.DONE
    detail: str = ""
    """Why it failed, in one or a few lines."""
    digest: str = ""
    """Of the index in staging, which holds the image and its attestation."""
    image_digest: str = ""
    size: int = 0
    """Bytes of all layers as they travel."""
    seconds: float = 0.0
    attempts: int = 0
    """How often the builder was asked."""
    cached_steps: int = 0
    steps: int = 0
    log: str = ""
    """Path of the build's log below the folder of outputs."""
    tail: tuple[str, ...] = ()
    """The last lines of the log of a build that failed."""
    tests: tuple[TestResult, ...] = ()


def exit_code(outcomes: Iterable[Outcome]) -> ExitCode:
    return worst(outcome.code for outcome in outcomes)


def record(outcome: Outcome, build: Build, *, started: datetime) -> dict[str, Any]:
    """The document `out/builds/<arch>/<build id>.json`, schema 1; times in UTC, durations in seconds."""
    return {
        "schema": 1,
        "target": outcome.target,
        "arch": outcome.arch,
        "build_id": outcome.build_id,
        "result": str(outcome.result),
        "exit_code": int(outcome.code),
        "reason": build.reason,
        "detail": outcome.detail,
        "digest": outcome.digest or None,
        "image_digest": outcome.image_digest or None,
        "size_bytes": outcome.size,
        "bases": [{"name": base.name.short, "digest": base.digest} for base in build.bases],
        "started": started.isoformat(timespec="seconds"),
        "seconds": outcome.seconds,
        "attempts": outcome.attempts,
        "steps": {"all": outcome.steps, "cached": outcome.cached_steps},
        "tests": [{"name": test.name, "problem": test.problem, "seconds": test.seconds} for test in outcome.tests],
        "repeat": build.make_command,
        "log": outcome.log,
    }
