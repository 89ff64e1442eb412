"""Makes sure, before anything is built, that there is an engine and that it can run what is wanted."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrator.errors import InputError, ProgramMissingError
from orchestrator.model.config import Config
from orchestrator.tools import engine
from orchestrator.tools.capabilities import capabilities
from orchestrator.tools.docker_host import Engine
from orchestrator.tools.process import Runner


async def builder(
    arches: Iterable[str],
    config: Config,
    *,
    emulate: bool,
    environment: Mapping[str, str],
    state: Path,
    runner: Runner,
) -> Engine:
    """The engine that builds for these arches; native first, emulation only where it is allowed.

    Raises ProgramMissingError without an engine or an emulator, InputError for what was not allowed.
    """
    wanted = sorted(set(arches))
    for arch in wanted:
        driver = config.builder_of(arch).driver
        if driver != "local":
            raise InputError(f"builders: {arch}: the driver {driver!r} cannot build yet; leave {arch} out by --arch")
    found = await engine.find(environment=environment, state=state)
    if found is None:
        raise ProgramMissingError("no Docker engine answers; start one by `orchestrator engine up`, or set DOCKER_HOST")
    runs = await capabilities(found, runner=runner, state=state)
    own = ", ".join(sorted(runs.native))
    for arch in wanted:
        if arch not in runs.native | runs.emulated:
            raise ProgramMissingError(
                f"{arch}: the engine at {found.host} runs {own} and has no emulator for it; "
                "`orchestrator doctor` says how to get one"
            )
        if arch not in runs.native and not (emulate or config.builder_of(arch).emulate):
            raise InputError(
                f"{arch}: the engine at {found.host} runs {own} by itself; allow emulation by --emulate, or by "
                "`emulate: true` in `builders` of orchestrator.yaml"
            )
    return found
