"""Puts images into the local engine."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from orchestrator.commands.project import Registries
from orchestrator.errors import ExitCode, ProgramMissingError
from orchestrator.model.outcomes import Outcome
from orchestrator.model.plan import Plan
from orchestrator.model.platforms import native_arch
from orchestrator.tools import engine, smoke, staging
from orchestrator.tools.engine import docker_host
from orchestrator.tools.smoke import Connect


async def loader(opened: Registries) -> Callable[[Plan, Sequence[Outcome]], Awaitable[tuple[str, ...]]]:
    """What puts images that exist then into the local engine, under the tags that they are published by.

    Raises ProgramMissingError where there is no engine.
    """
    invocation = opened.invocation
    found = await engine.find(environment=invocation.environment, state=invocation.state)
    if found is None:
        raise ProgramMissingError("--load: no Docker engine answers; start one with `orchestrator engine up`")
    return partial(_loaded, opened, partial(docker_host.client, found, environment=invocation.environment))


async def _loaded(opened: Registries, connect: Connect, plan: Plan, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    invocation = opened.invocation
    staged = {outcome.build_id for outcome in outcomes if outcome.digest and outcome.code is ExitCode.DONE}
    done: list[str] = []
    for build in plan.builds:
        index = await staging.index_of(build, opened.client) if build.selected and build.build_id in staged else None
        if index is None:
            continue
        native = build.target.arch == native_arch(invocation.machine).name
        repository = (await opened.repositories()).local(build.target.arch, is_native=native)
        tags = opened.project.tags[build.target.facts.line, build.target.facts.variant].all
        names = [repository.tagged(tag) for tag in tags]
        await smoke.load(build.target, build.staging.pinned(staging.image_of(index).digest), names, connect=connect)
        done += [name.short for name in names]
    return tuple(done)
