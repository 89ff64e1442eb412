"""The memory of builds that fail: how often each did, and how long it waits until it is tried again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orchestrator.errors import ExitCode
from orchestrator.model.characters import REFUSED
from orchestrator.model.outcomes import Outcome, Result

WAITS_HOURS = (0, 0, 1, 2, 4, 8, 16, 32)
"""How long a build waits after its last failure, by the number of its failures; the last entry for all that follow.

So a build is tried twice at once, because machines fail too, and then ever more seldom. These are the numbers of
docker-library/meta-scripts (jenkins.jq).
"""

_LONGEST_WAIT = timedelta(hours=WAITS_HOURS[-1])
_KEPT = timedelta(days=30)
_CAUSE_LENGTH = 300

# What the same inputs give again wherever they are built. A lost builder, a full disk, a missing program or a
# credential that is refused say nothing about the build.
_OWN_FAILURES = frozenset({ExitCode.BUILD_FAILED, ExitCode.TEST_FAILED, ExitCode.CONTRACT_BROKEN})


@dataclass(frozen=True, slots=True)
class FailingBuild:
    """What is remembered of a build ID that failed and was not staged since; times in UTC, in whole seconds."""

    target: str
    failures: int
    since: datetime
    """When it failed first."""
    last: datetime
    """When it failed last."""
    code: ExitCode
    cause: str
    """Why it failed last, on one line."""
    log: str
    """Where to read more: the URL of the CI job, or the path of the log where it was built."""

    @property
    def due(self) -> datetime:
        """When it should be tried again."""
        return self.last + timedelta(hours=WAITS_HOURS[min(self.failures, len(WAITS_HOURS) - 1)])


Memory = Mapping[str, FailingBuild]
"""By build ID."""


@dataclass(frozen=True, slots=True)
class Run:
    """What became of builds in one run, as far as the memory is concerned."""

    outcomes: Sequence[Outcome]
    ended: datetime
    job: str = ""
    """URL of the CI job that it was; empty when it was none."""

    @property
    def has_news(self) -> bool:
        """Whether anything became of a build that the memory should learn."""
        return any(outcome.result is Result.BUILT or is_own_failure(outcome) for outcome in self.outcomes)


def is_own_failure(outcome: Outcome) -> bool:
    """Whether a failure counts: of the build itself, its time limit and its smoke tests, or a broken contract.

    Transient failures, interruptions, what was not tried, and what a machine lacks do not.
    """
    return outcome.result is Result.FAILED and outcome.code in _OWN_FAILURES


def credible(memory: Memory, *, at: datetime) -> dict[str, FailingBuild]:
    """The memory without what nobody tried for a month, and without what a wrong clock wrote far ahead of `at`."""
    return {build_id: each for build_id, each in memory.items() if -_LONGEST_WAIT <= at - each.last <= _KEPT}


def after(memory: Memory, run: Run) -> dict[str, FailingBuild]:
    """The memory once a run has ended; telling it of the same run again changes nothing more.

    Forgotten are builds that are staged, builds whose target has other inputs by now, and what is not credible. Where
    two runs fail by one build at the same time, they may count as one.
    """
    at = run.ended.replace(microsecond=0)
    wanted = {outcome.target: outcome.build_id for outcome in run.outcomes if outcome.build_id}
    staged = {outcome.build_id for outcome in run.outcomes if outcome.result in {Result.BUILT, Result.UP_TO_DATE}}
    kept = {
        build_id: each
        for build_id, each in credible(memory, at=at).items()
        if build_id not in staged and wanted.get(each.target, build_id) == build_id
    }
    failed = [outcome for outcome in run.outcomes if is_own_failure(outcome)]
    return kept | {outcome.build_id: _failed(kept.get(outcome.build_id), outcome, run, at=at) for outcome in failed}


def _failed(before: FailingBuild | None, outcome: Outcome, run: Run, *, at: datetime) -> FailingBuild:
    once = FailingBuild(
        target=outcome.target,
        failures=1,
        since=at,
        last=at,
        code=outcome.code,
        cause=_on_one_line(": ".join(filter(None, (outcome.place, outcome.detail)))),
        log=_on_one_line(run.job or f"out/{outcome.log}"),
    )
    if before is None:
        return once
    return before if before.last >= at else replace(once, failures=before.failures + 1, since=before.since)


def _on_one_line(text: str) -> str:
    """A text that another reader may see: nothing that moves its cursor, and no more than it wants to read."""
    line = REFUSED.sub(" ", "; ".join(filter(None, map(str.strip, text.splitlines()))))
    return line if len(line) <= _CAUSE_LENGTH else f"{line[:_CAUSE_LENGTH]}..."
