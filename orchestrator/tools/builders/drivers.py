"""Drivers: what makes a ready builder of an entry of `builders`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from orchestrator.errors import ProgramMissingError
from orchestrator.model.config.builders import Builder
from orchestrator.tools import buildx, classic
from orchestrator.tools.builders import ReadyBuilder, Tester, Untested, certificates, remote, results
from orchestrator.tools.builders.addresses import reaches
from orchestrator.tools.builders.engines import Engines, SeenEngine
from orchestrator.tools.builders.remote import Daemon
from orchestrator.tools.builders.uses import Use
from orchestrator.tools.engine.capabilities import Capabilities
from orchestrator.tools.registry import Registry


@dataclass(frozen=True, slots=True)
class Means:
    """What builders are reached with."""

    engines: Engines
    registry: Registry
    folder: Path
    """For what buildx notes while it looks."""


async def look_at(use: Use, means: Means) -> ReadyBuilder:
    """The builder of a use, seen to answer.

    Raises UnavailableError when it does not answer, ProgramMissingError when this machine lacks what it takes,
    InputError for a Docker context that does not exist and for certificates that cannot be used, InputError or
    NotAuthorisedError where TLS fails.
    """
    seen = await _engine_of(use.builder, means.engines)
    if seen is None:
        return await _remote(use, means)
    ready = _classic if use.builder.driver == "classic" else _of_engine
    return await ready(use, seen, means)


async def runs(builder: Builder, engines: Engines, folder: Path) -> Capabilities:
    """What the builder of an entry runs; buildx notes in `folder`. Raises as `look_at`."""
    seen = await _engine_of(builder, engines)
    return seen.runs if seen else await remote.look_at(_daemon(builder, engines), runner=engines.runner, folder=folder)


async def _engine_of(builder: Builder, engines: Engines) -> SeenEngine | None:
    """The engine that a builder is part of; None for a BuildKit alone."""
    if builder.driver == "remote":
        return None
    if builder.driver == "context":
        return await engines.of_context(builder.name)
    if not builder.host:
        return await engines.local()
    return await engines.at(builder.host, certificates.of(builder, engines.environment))


def _daemon(builder: Builder, engines: Engines) -> Daemon:
    return Daemon(builder.endpoint, certificates.of(builder, engines.environment))


async def _of_engine(use: Use, seen: SeenEngine, means: Means) -> ReadyBuilder:
    await means.engines.check_buildx()
    return ReadyBuilder(
        key=use.key,
        where=seen.where,
        address=seen.engine.host,
        name=seen.engine.context or "default",
        runs=seen.runs,
        solve=partial(buildx.solve, runner=means.engines.runner, env=seen.engine.environment),
        made=results.left,
        testers=_testers(use, seen),
    )


async def _classic(use: Use, seen: SeenEngine, means: Means) -> ReadyBuilder:
    return ReadyBuilder(
        key=use.key,
        where=seen.where,
        address=seen.engine.host,
        name="",
        runs=seen.runs,
        solve=partial(
            classic.solve, connect=seen.connect, registry=means.registry, notes=means.engines.state / "classic"
        ),
        made=results.left_without_bases,
        testers=_testers(use, seen),
        os_version=await means.engines.windows_release(seen),
    )


async def _remote(use: Use, means: Means) -> ReadyBuilder:
    daemon, runner = _daemon(use.builder, means.engines), means.engines.runner
    pushes = reaches(daemon.endpoint, use.staging)
    return ReadyBuilder(
        key=use.key,
        where=str(daemon),
        address=daemon.endpoint,
        name=remote.NAME,
        runs=await remote.look_at(daemon, runner=runner, folder=means.folder / use.key.replace("/", "-")),
        solve=partial(remote.solve, daemon=daemon, runner=runner),
        made=results.sent if pushes else results.left,
        testers=await _testers_beside(use, means.engines),
        pushes=pushes,
    )


async def _testers_beside(use: Use, engines: Engines) -> Mapping[str, Tester]:
    """The testers of a builder that has no engine: the one that is named for it, or this machine's engine."""
    if not use.is_tested:
        return {}
    if use.builder.test_on:
        return _testers(use, await engines.of_context(use.builder.test_on))
    try:
        return _testers(use, await engines.local())
    except ProgramMissingError as error:
        return dict.fromkeys(use.arches, Untested(str(error)))


def _testers(use: Use, seen: SeenEngine) -> Mapping[str, Tester]:
    """By arch; images reach the engine by way of the registry."""
    if not reaches(seen.engine.host, use.staging):
        return dict.fromkeys(
            use.arches, Untested(f"{seen.where} cannot reach {use.staging}, which leads to this machine alone")
        )
    return {
        arch: seen.connect if arch in seen.runs.all else Untested(f"{seen.where} does not run programs for {arch}")
        for arch in use.arches
    }
