"""How every target stands: whether its build exists, what keeps it from existing, and what of it is public."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from orchestrator.errors import ExitCode, OrchestratorError, worst
from orchestrator.model.outcomes import Result
from orchestrator.model.plan import Build, Plan, State, Unknown
from orchestrator.model.plan.reasons import Kind
from orchestrator.model.queue.failing_builds import FailingBuild, Memory, credible
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.status.last_run import LastRun, Ran
from orchestrator.model.status.public_tags import Found, Places, Public, SharedTag, Size, public, sizes
from orchestrator.model.status.records import Record
from orchestrator.model.targets import Target


class Standing(StrEnum):
    """How a target stands, in one word; what needs a person most comes first."""

    FAILED = "failed"
    """Its build is needed, was tried and failed."""
    BLOCKED = "blocked"
    """It cannot be built before a parent that failed or is blocked itself."""
    UNKNOWN = "unknown"
    """What decides it could not be looked up."""
    MISSING = "missing"
    """Nothing was ever staged for it, or what was is gone."""
    STALE = "stale"
    """An earlier build of it is staged, and its inputs changed since."""
    BUILDING = "building"
    """It is being built on this machine."""
    UP_TO_DATE = "up to date"


_STOPPING = frozenset({Standing.FAILED, Standing.BLOCKED})
# Kinds of reasons that say that no earlier build is in staging.
_ABSENT = frozenset({Kind.NEW, Kind.MISSING})


@dataclass(frozen=True, slots=True)
class Failure:
    """What is known of the failures of one build ID; times in UTC."""

    since: dt.datetime
    last: dt.datetime
    tries: int
    code: ExitCode
    cause: str
    log: str
    """URL of a CI job, or a path below the image's folder."""
    due: dt.datetime | None = None
    """When the queue has it again; None where only this machine knows of it."""
    excerpt: tuple[str, ...] = ()
    """The end of its log, where it was built here."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One target, and all that is known of it now."""

    target: Target
    standing: Standing
    why: tuple[str, ...] = ()
    """Why it is not up to date, a reason each."""
    build: Build | None = None
    """None where nobody can say what would be built."""
    failure: Failure | None = None
    running: Ran | None = None
    record: Record | None = None
    """What became of it when it was tried on this machine last."""
    public: Public | None = None
    """None until registries were asked."""
    size: int = 0
    """Bytes of the layers of the image in staging as they travel; 0 where there is none, or nobody can say."""
    sizes: tuple[Size, ...] = ()
    """Of the images that its arch tag named, the oldest first."""

    @property
    def staged(self) -> Reference | None:
        """What staging holds of it, by digest."""
        return self.build.staging.pinned(self.build.staged) if self.build and self.build.staged else None


@dataclass(frozen=True, slots=True)
class Here:
    """What the folder of outputs tells of earlier builds on this machine."""

    records: Mapping[str, Record] = field(default_factory=dict)
    """By build ID."""
    excerpts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The ends of the logs of those that failed, by build ID."""
    last_run: LastRun | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """An image at one time."""

    repositories: Repositories
    at: dt.datetime
    cells: tuple[Cell, ...]
    tags: tuple[SharedTag, ...] = ()
    last_run: LastRun | None = None
    errors: tuple[OrchestratorError, ...] = ()
    """What kept parts of it unknown."""

    @property
    def code(self) -> ExitCode:
        """DONE however targets stand; what could not be looked up counts by its own code."""
        return worst(error.exit_code for error in self.errors)

    @property
    def counts(self) -> dict[Standing, int]:
        """How many targets stand how, in the order of `Standing`; those that none does are left out."""
        found = Counter(cell.standing for cell in self.cells)
        return {standing: found[standing] for standing in Standing if found[standing]}

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be looked up, each problem once."""
        return tuple(dict.fromkeys(problem for error in self.errors for problem in error.problems))


def cells(targets: Iterable[Target], plan: Plan, memory: Memory, here: Here, *, at: dt.datetime) -> tuple[Cell, ...]:
    """How targets stand at a time, in their order; `memory` is that of all their arches."""
    known = credible(memory, at=at)
    running = here.last_run.running if here.last_run else {}
    found: dict[Target, Cell] = {}
    for build in plan.builds:  # parents stand first
        blocked_by = [need for need in build.needs if need in found and found[need].standing in _STOPPING]
        failure = _failure(known.get(build.build_id), here, build)
        found[build.target] = _cell(
            build,
            failure=failure,
            running=running.get(build.build_id),
            record=here.records.get(build.build_id),
            blocked_by=blocked_by,
        )
    found |= {unknown.target: _unknown(unknown) for unknown in plan.unknown}
    return tuple(found[target] for target in targets if target in found)


def with_public(cells: Iterable[Cell], places: Places, found: Found) -> tuple[Cell, ...]:
    """The same with what registries say of their public tags and their images."""
    return tuple(
        replace(
            cell,
            public=public(cell.target, places, found),
            size=found.sizes.get(cell.staged, 0) if cell.staged else 0,
            sizes=sizes(places.own[cell.target], found),
        )
        for cell in cells
    )


def _cell(
    build: Build, *, failure: Failure | None, running: Ran | None, record: Record | None, blocked_by: Sequence[Target]
) -> Cell:
    if build.state is State.UP_TO_DATE:
        return Cell(build.target, Standing.UP_TO_DATE, build=build, record=record)
    return Cell(
        build.target,
        _standing(build, failed=failure is not None, blocked=bool(blocked_by), running=running is not None),
        (*(f"blocked by {name}" for name in blocked_by), *map(str, build.reasons)),
        build,
        failure=failure,
        running=running,
        record=record,
    )


def _standing(build: Build, *, failed: bool, blocked: bool, running: bool) -> Standing:
    """The first word that holds: what happens now says more than what happened, and that more than why it is needed."""
    if running:
        return Standing.BUILDING
    if failed:
        return Standing.FAILED
    if blocked:
        return Standing.BLOCKED
    is_absent = all(reason.kind in _ABSENT for reason in build.reasons)
    return Standing.MISSING if is_absent else Standing.STALE


def _failure(failing: FailingBuild | None, here: Here, build: Build) -> Failure | None:
    """What all agents remember of a build ID, or else what this machine does; the log's end only this one has."""
    record, excerpt = here.records.get(build.build_id), here.excerpts.get(build.build_id, ())
    if failing is not None:
        return Failure(
            failing.since,
            failing.last,
            failing.failures,
            failing.code,
            failing.cause,
            failing.log,
            due=failing.due,
            excerpt=excerpt,
        )
    if record is None or record.result is not Result.FAILED:
        return None
    log = f"out/{record.log}" if record.log else ""
    return Failure(record.started, record.started, 1, record.exit_code, record.detail, log, excerpt=excerpt)


def _unknown(unknown: Unknown) -> Cell:
    return Cell(unknown.target, Standing.UNKNOWN, (unknown.problem,))
