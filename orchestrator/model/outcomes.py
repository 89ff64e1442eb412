"""What became of builds: outcomes as values, and the records that are kept of them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from orchestrator.errors import ExitCode, worst
from orchestrator.model.plan import Build
from orchestrator.model.targets import Target


class Result(StrEnum):
    """What became of one build."""

    UP_TO_DATE = "up to date"
    BUILT = "built"
    FAILED = "failed"
    BLOCKED = "blocked"
    """Not tried, for a parent is not there."""
    NOT_RUN = "not run"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class TestResult:
    """What one smoke test found; `problem` is empty when it passed."""

    name: str
    problem: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Again:
    """What is known between two attempts."""

    attempt: int
    """The number of the one to come."""
    wait_seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class BuiltOn:
    """The builder that a build was given to."""

    name: str
    """Its entry in `builders` of orchestrator.yaml."""
    address: str
    """Of its engine or daemon."""

    def __str__(self) -> str:
        return f"{self.name} at {self.address}"


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
    place: str = ""
    """The Dockerfile and the line of the instruction that failed; empty where it was none, or nobody can tell."""
    digest: str = ""
    """Of the index in staging, which holds the image and its attestation."""
    image_digest: str = ""
    size: int = 0
    """Bytes of all layers as they travel."""
    seconds: float = 0.0
    attempts: int = 0
    """How often the builder was asked."""
    builder: BuiltOn | None = None
    """None where no builder was asked."""
    cached_steps: int = 0
    steps: int = 0
    log: str = ""
    """Path of the build's log below the folder of outputs."""
    tail: tuple[str, ...] = ()
    """The last lines of the log of a build that failed."""
    tests: tuple[TestResult, ...] = ()
    untested: str = ""
    """Why its smoke tests were not run; empty when they were, and when there are none."""


def on_parents(build: Build, ended: Mapping[Target, Outcome]) -> Build | Outcome:
    """The build on what staging has of its parents, or what becomes of it where one of them is not there.

    `ended` has the parents that were built in this run; what blocks one of them blocks the build as well.
    """
    digests = {parent.target: parent.staged for parent in build.parents}
    for target in build.needs:
        outcome = ended.get(target)
        if outcome is None and not digests[target]:
            return blocked(build.target, build.build_id, by=target, because="unknown")
        if outcome is not None and outcome.result is Result.BLOCKED:
            return replace(blocked(build.target, build.build_id, by=target, because=""), detail=outcome.detail)
        if outcome is not None and outcome.result is not Result.BUILT:
            return blocked(build.target, build.build_id, by=target, because=outcome.result)
        digests[target] = outcome.digest if outcome else digests[target]
    return build.on(digests)


def blocked(target: Target, build_id: str, *, by: Target, because: str) -> Outcome:
    """What becomes of a build whose parent is not there."""
    detail = f"blocked by {by}: {because}"
    return Outcome(str(target), target.arch, build_id, Result.BLOCKED, ExitCode.INCOMPLETE, detail)


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
        "place": outcome.place or None,
        "digest": outcome.digest or None,
        "image_digest": outcome.image_digest or None,
        "size_bytes": outcome.size,
        "bases": [{"name": base.name.short, "digest": base.digest} for base in build.bases],
        "started": started.isoformat(timespec="seconds"),
        "seconds": outcome.seconds,
        "attempts": outcome.attempts,
        "builder": asdict(outcome.builder) if outcome.builder else None,
        "steps": {"all": outcome.steps, "cached": outcome.cached_steps},
        "tests": [{"name": test.name, "problem": test.problem, "seconds": test.seconds} for test in outcome.tests],
        "untested": outcome.untested or None,
        "repeat": build.make_command,
        "log": outcome.log,
    }
