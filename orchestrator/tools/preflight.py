"""Makes sure, before anything is built, that there is an engine and that it can run what is wanted."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from orchestrator.errors import InputError, OrchestratorError, ProgramMissingError, joined
from orchestrator.model.config import Config
from orchestrator.model.platforms import ARCHES
from orchestrator.tools import engine
from orchestrator.tools.engine.capabilities import Capabilities, capabilities
from orchestrator.tools.engine.docker_host import Engine, Silence
from orchestrator.tools.process import Runner


async def builder(
    arches: Iterable[str],
    config: Config,
    *,
    emulate: bool,
    environment: Mapping[str, str],
    state: Path,
    runner: Runner,
) -> tuple[Engine, Capabilities]:
    """The engine that builds for these arches, and what it runs; native first, emulation only where it is allowed.

    Raises ProgramMissingError without an engine or an emulator, InputError for what was not allowed; names every arch
    that has a problem.
    """
    wanted = sorted(set(arches))
    check_drivers(wanted, config)
    found = await engine.look(environment=environment, state=state)
    if isinstance(found, Silence):
        raise ProgramMissingError(f"{found}; start one by `orchestrator engine up`, or set DOCKER_HOST")
    runs = await capabilities(found, runner=runner, state=state)
    check_arches(wanted, config, host=found.host, runs=runs, emulate=emulate)
    return found, runs


def check_drivers(arches: Iterable[str], config: Config) -> None:
    """Refuse arches whose builder is of a kind that cannot build yet; raises InputError."""
    drivers = {arch: config.builder_of(arch).driver for arch in arches}
    if problems := [
        f"builders: {arch}: the driver {driver!r} cannot build yet; leave {arch} out by --arch"
        for arch, driver in drivers.items()
        if driver != "local"
    ]:
        raise InputError(*problems)


def check_arches(arches: Iterable[str], config: Config, *, host: str, runs: Capabilities, emulate: bool) -> None:
    """Refuse arches that the engine at `host` cannot run, or may not; raises as `builder` does."""

    def problems() -> Iterator[OrchestratorError]:
        own = ", ".join(sorted(runs.native))
        for arch in arches:
            if arch in runs.native:
                continue
            if not ARCHES[arch].elf_machine:
                yield InputError(f"{arch}: the engine at {host} runs {own}; name one for {arch} in `builders`")
            elif arch not in runs.emulated:
                yield ProgramMissingError(
                    f"{arch}: the engine at {host} runs {own} and has no emulator for it; "
                    "`orchestrator doctor` says how to get one"
                )
            elif not (emulate or config.builder_of(arch).emulate):
                yield InputError(
                    f"{arch}: the engine at {host} runs {own} by itself; allow emulation by --emulate, or by "
                    "`emulate: true` in `builders` of orchestrator.yaml"
                )

    if found := list(problems()):
        raise joined(found)
