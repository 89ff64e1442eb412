"""Runs builds: on which builders, with which downloads and times, and what is shown meanwhile."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.commands.invocation import Invocation
from orchestrator.commands.project import OUT, Registries
from orchestrator.commands.work import Work
from orchestrator.model.config import Config
from orchestrator.model.facts import Facts
from orchestrator.model.outcomes import Outcome
from orchestrator.model.plan import Build
from orchestrator.model.queue.failing_builds import Run
from orchestrator.model.slots import slots
from orchestrator.model.targets import Target
from orchestrator.tools import git, queue_state, sources
from orchestrator.tools.abandoned_tests import remove_left
from orchestrator.tools.acceptance import Acceptance
from orchestrator.tools.attempts import Patience
from orchestrator.tools.builders import ReadyBuilder, engines_that_test
from orchestrator.tools.builders.drivers import Means
from orchestrator.tools.builders.engines import Engines
from orchestrator.tools.displays import display
from orchestrator.tools.downloads import downloads
from orchestrator.tools.events import Events
from orchestrator.tools.execute import Executor
from orchestrator.tools.logs import log
from orchestrator.tools.preflight import emulations, ready_builders
from orchestrator.tools.registry.network import Network
from orchestrator.tools.scratch import end_left, scratch

_JOB_URL = "BUILD_URL"
"""Where Jenkins says which of its jobs this is."""


async def built(
    invocation: Invocation, opened: Registries, builds: Sequence[Build], work: Work, events: Events
) -> tuple[Outcome, ...]:
    """Run builds that are needed to their ends; raises the errors of what all of them need, such as a builder."""
    config, passing = opened.project.config, invocation.root / OUT / "tmp"
    await end_left(passing)
    with scratch(passing) as folder:
        builders = await _builders(invocation, opened, builds, emulate=work.emulate, folder=folder / "builders")
        if config.tests:
            await remove_left(engines_that_test(builders.values()))
        downloaded = await _sources(invocation, config, builds, folder=folder / "sources")
        epochs = await _epochs(invocation, config, builds)
        free = slots(builders, config, jobs=work.jobs, processors=os.cpu_count() or 1)
        queue = {str(target): builder for target, builder in free.builder_of.items()}
        events.on(queue)
        async with display(work.progress, interactive=invocation.interactive, queue=queue, events=events) as shown:
            executor = Executor(
                root=invocation.root,
                out=invocation.root / OUT,
                passing=folder / "builds",
                builders=builders,
                acceptance=Acceptance(opened.client, config.tests, keep_alive=config.keep_alive),
                epochs=epochs,
                sources=downloaded,
                display=shown,
                now=invocation.now,
                patience=Patience(idle_seconds=work.idle_timeout, total_seconds=work.timeout),
            )
            return await executor.run(builds, slots=free, fail_fast=work.fail_fast)


async def remembered(invocation: Invocation, opened: Registries, outcomes: Sequence[Outcome]) -> None:
    """Let queues know which builds keep failing."""
    ended = Run(outcomes, invocation.now(), job=invocation.environment.get(_JOB_URL, ""))
    await queue_state.record(ended, await opened.repositories(), opened.client)


async def _builders(
    invocation: Invocation, opened: Registries, builds: Sequence[Build], *, emulate: bool, folder: Path
) -> Mapping[Target, ReadyBuilder]:
    """The builders that these builds need, all of them ready; says what will be emulated."""
    engines = Engines(invocation.environment, invocation.state, invocation.runner)
    found = await ready_builders(builds, opened.project.config, Means(engines, opened.client, folder), emulate=emulate)
    for arch, where in emulations(found):
        log.info("builds by emulation", arch=arch, on=where)
    return found


async def _sources(
    invocation: Invocation, config: Config, builds: Sequence[Build], *, folder: Path
) -> dict[Facts, Path]:
    """The downloads of these builds, each line's and variant's in a folder of its own."""
    needing = [facts for facts in dict.fromkeys(build.target.facts for build in builds) if facts.sources]
    if not needing:
        return {}
    cache = invocation.source_cache
    async with downloads(network=Network.of(invocation.environment)) as download:
        wanted = (source for facts in needing for source in facts.sources)
        await sources.fetch(wanted, cache=cache, download=download, mirrors=config.source_mirrors)
    return {facts: sources.stage(facts.sources, cache=cache, into=folder / facts.name) for facts in needing}


async def _epochs(invocation: Invocation, config: Config, builds: Sequence[Build]) -> dict[str, int]:
    """SOURCE_DATE_EPOCH by rendered directory."""
    times = await git.commit_times(invocation.root, config.dockerfiles, runner=invocation.runner)
    return {str(build.directory): git.newest(str(build.directory), times) for build in builds}
