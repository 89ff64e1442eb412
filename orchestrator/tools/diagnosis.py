"""Looks at this machine for `doctor`: runs every check, changes nothing."""

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import InputError, LocalOutputError, OrchestratorError, ProgramMissingError, UnavailableError
from orchestrator.model.config.builders import Builder
from orchestrator.tools import checks, engine
from orchestrator.tools.builders.addresses import is_elsewhere
from orchestrator.tools.builders.drivers import runs
from orchestrator.tools.builders.engines import Engines
from orchestrator.tools.checks import Check
from orchestrator.tools.debian.apt import Apt, debian
from orchestrator.tools.engine.capabilities import Capabilities, capabilities
from orchestrator.tools.engine.docker_host import Engine, Silence
from orchestrator.tools.engine.packages import is_packaged
from orchestrator.tools.process import Finished, Runner


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the checks look."""

    environment: Mapping[str, str]
    state: Path
    root: Path
    apt: Apt
    runner: Runner
    python: tuple[int, ...]
    builders: Mapping[str, Builder]
    """Of orchestrator.yaml; none where there is no image here."""

    @property
    def install(self) -> str:
        """How packages of this system's own are installed, up to their names."""
        if debian(self.apt.etc) is None:
            return "install"
        return "sudo apt-get install" if self.apt.user_id else "apt-get install"


async def diagnose(around: Surroundings) -> tuple[Check, ...]:
    """Every check, in the order in which missing things are best mended."""
    answer = await _engine(around)
    found = answer if isinstance(answer, Engine) else None
    client_remedy = _docker_remedy(around, "docker-cli", has_engine=found is not None)
    buildx_remedy = _docker_remedy(around, "docker-buildx", has_engine=found is not None)
    return (
        checks.python(around.python),
        await _program(around, ("git", "--version"), oldest=checks.GIT_OLDEST, remedy=f"{around.install} git"),
        await _program(around, ("docker", "--version"), oldest=checks.DOCKER_OLDEST, remedy=client_remedy),
        await _program(around, ("docker", "buildx", "version"), oldest=checks.BUILDX_OLDEST, remedy=buildx_remedy),
        checks.docker_config(around.environment),
        checks.engine_answers(answer, obstacle=around.apt.obstacle()),
        *(await _of_engine(around, found) if found else ()),
        *(await _builders(around)),
        checks.registry(
            path=around.environment.get("PATH", ""),
            comes_by_itself=found is not None or not around.apt.obstacle(),
            install=around.install,
        ),
        checks.space("space for output", around.root, gib=checks.OUTPUT_SPACE_GIB),
        checks.packages(around.apt.obstacle()),
    )


async def _engine(around: Surroundings) -> Engine | Silence | InputError:
    try:
        return await engine.look(environment=around.environment, state=around.state)
    except InputError as error:
        return error


async def _program(around: Surroundings, command: tuple[str, ...], *, oldest: tuple[int, int], remedy: str) -> Check:
    return checks.program(command, await _ran(around, command), oldest=oldest, remedy=remedy)


def _docker_remedy(around: Surroundings, package: str, *, has_engine: bool) -> str:
    """`engine up` brings Docker's programs with the engine; beside another engine they come from who made that."""
    system = debian(around.apt.etc)
    if not has_engine and not around.apt.obstacle():
        return "orchestrator engine up"
    if system is not None and is_packaged(system):
        return f"{around.install} {package}"
    return f"install {package} from where this Docker came from"


async def _of_engine(around: Surroundings, found: Engine) -> tuple[Check, ...]:
    """What only an engine can tell."""
    inspected = await _ran(around, ("docker", "buildx", "inspect", found.context or "default"), found)
    # Without Docker's client nobody can ask, and that it is missing is told already.
    buildkit = (checks.buildkit(inspected),) if inspected is not None else ()
    data = await _ran(around, ("docker", "info", "--format", "{{.DockerRootDir}}"), found)
    spaces = (
        (checks.space("space for images", Path(data.stdout.strip()), gib=checks.ENGINE_SPACE_GIB),)
        if found.here and data is not None and data.returncode == 0
        else ()
    )
    try:
        able = await capabilities(found, runner=around.runner, state=around.state)
    except (UnavailableError, ProgramMissingError, LocalOutputError):
        return (*buildkit, *spaces)
    remedy = f"{around.install} qemu-user-static binfmt-support"
    return (*buildkit, *spaces, *checks.emulation(able.native, able.emulated, remedy=remedy))


async def _builders(around: Surroundings) -> tuple[Check, ...]:
    """The builders that have a name; the local engine has checks of its own."""
    engines = Engines(around.environment, around.state, around.runner)
    named = {key: builder for key, builder in around.builders.items() if builder.driver != "local"}

    async def answer(builder: Builder, folder: Path) -> Capabilities | OrchestratorError:
        try:
            return await runs(builder, engines, folder)
        except OrchestratorError as error:
            return error

    with tempfile.TemporaryDirectory(prefix="builders-") as folder:
        answers = await asyncio.gather(
            *(answer(builder, Path(folder, str(number))) for number, builder in enumerate(named.values()))
        )
    return tuple(
        checks.builder(key, builder.driver, found, is_open=_is_open(builder))
        for (key, builder), found in zip(named.items(), answers, strict=True)
    )


def _is_open(builder: Builder) -> bool:
    return not builder.certificates and is_elsewhere(builder.endpoint or builder.host)


async def _ran(around: Surroundings, command: tuple[str, ...], found: Engine | None = None) -> Finished | None:
    try:
        return await around.runner.run(command, check=False, env=found.environment if found else None)
    except ProgramMissingError:
        return None
