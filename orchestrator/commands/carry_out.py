"""Carries out a plan: says what stands already, has the rest built, and writes the events of it all."""

from orchestrator.commands.invocation import Invocation
from orchestrator.commands.project import OUT, Registries
from orchestrator.commands.work import Work
from orchestrator.model.outcomes import Outcome, Result, blocked
from orchestrator.model.plan import Build, Plan, State, Unknown
from orchestrator.tools import on_demand
from orchestrator.tools.events import Events, events_file, to_stderr
from orchestrator.tools.progress import Mode


async def carried_out(invocation: Invocation, opened: Registries, plan: Plan, work: Work) -> tuple[Outcome, ...]:
    """Run what is needed; where nothing is, Docker is not even looked for."""
    up_to_date = (_up_to_date(build) for build in plan.builds if build.state is State.UP_TO_DATE)
    ready = (*up_to_date, *map(_unknown, plan.unknown))
    with events_file(invocation.root / OUT) as append:
        events = Events((append, to_stderr) if work.progress is Mode.JSON else (append,), now=invocation.now)
        events.run(plan)
        return (*ready, *(await _built(invocation, opened, plan, work, events) if plan.needed else ()))


async def _built(
    invocation: Invocation, opened: Registries, plan: Plan, work: Work, events: Events
) -> tuple[Outcome, ...]:
    running = on_demand.module("commands.running")
    outcomes: tuple[Outcome, ...] = await running.built(invocation, opened, plan.needed, work, events)
    return outcomes


def _up_to_date(build: Build) -> Outcome:
    target = build.target
    return Outcome(str(target), target.arch, build.build_id, Result.UP_TO_DATE, digest=build.staged)


def _unknown(unknown: Unknown) -> Outcome:
    """Neither built nor taken for built: to build it now might be to build it twice."""
    target = unknown.target
    if unknown.parent is not None:
        return blocked(target, "", by=unknown.parent, because=str(State.UNKNOWN))
    return Outcome(str(target), target.arch, "", Result.FAILED, unknown.error.exit_code, unknown.problem)
