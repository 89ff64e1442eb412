"""The queue: which needed builds should be tried now, in which order, and which wait because they failed."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from orchestrator.errors import ExitCode, worst
from orchestrator.model.plan import Build, Plan, Unknown
from orchestrator.model.queue.failing_builds import FailingBuild, Memory, credible
from orchestrator.model.targets import Target

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Queued:
    """A build that is needed."""

    build: Build
    failing: FailingBuild | None = None
    """What is remembered of its failures; None when it has none."""

    @property
    def failures(self) -> int:
        return self.failing.failures if self.failing else 0

    def waits(self, at: datetime) -> bool:
        """Whether it failed too often to be tried again at a time."""
        return self.failing is not None and self.failing.due > at


@dataclass(frozen=True, slots=True)
class Blocked:
    """A build that is needed and cannot be tried before its parents are staged."""

    build: Build
    by: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Queue:
    """Each needed build ID of a plan once, at one time."""

    at: datetime
    due: tuple[Queued, ...]
    """What should be built now, in this order."""
    waiting: tuple[Queued, ...] = ()
    """What failed too often to be tried again yet; what is due first stands first."""
    blocked: tuple[Blocked, ...] = ()
    """What has its turn once its parents are built: to try it now would be to try them, however often they failed."""
    unknown: tuple[Unknown, ...] = ()
    left_out: int = 0
    """How many more are due than are asked for."""

    @property
    def code(self) -> ExitCode:
        """INCOMPLETE when nothing is due though something is needed; what is unknown counts by its own code."""
        held = ExitCode.INCOMPLETE if self.waiting and not self.due else ExitCode.DONE
        return worst((held, *(unknown.error.exit_code for unknown in self.unknown)))

    def first(self, count: int | None) -> "Queue":
        """The queue with no more than `count` builds that are due; None takes all."""
        kept = self.due[:count]
        return replace(self, due=kept, left_out=len(self.due) - len(kept))


def queue(plan: Plan, memory: Memory, *, at: datetime) -> Queue:
    """What a plan needs at a time.

    Fewest failures come first, so that what fails keeps nothing from being built; then what was not tried for longest,
    then the plan's own order.
    """
    failing = credible(memory, at=at)
    missing = {build.target for build in plan.needed}
    # Targets with equal inputs share their build ID, and with it the one build.
    first = {build.build_id: build.target for build in reversed(plan.needed)}
    builds = [build for build in plan.needed if first[build.build_id] == build.target]
    missing_of = {build.target: tuple(parent for parent in build.needs if parent in missing) for build in builds}
    free = [Queued(build, failing.get(build.build_id)) for build in builds if not missing_of[build.target]]
    return Queue(
        at,
        due=tuple(sorted((each for each in free if not each.waits(at)), key=_last_failure)),
        waiting=tuple(sorted((each for each in free if each.waits(at)), key=_due)),
        blocked=tuple(Blocked(build, by) for build in builds if (by := missing_of[build.target])),
        unknown=plan.unknown,
    )


def _last_failure(queued: Queued) -> tuple[int, datetime]:
    return queued.failures, queued.failing.last if queued.failing else _NEVER


def _due(queued: Queued) -> datetime:
    return queued.failing.due if queued.failing else _NEVER
