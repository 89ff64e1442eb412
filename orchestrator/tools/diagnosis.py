"""What this machine lacks for building images, and how to get it; looks only, changes nothing."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from orchestrator.errors import CommandError, OrchestratorError, ProgramMissingError
from orchestrator.model.platforms import ARCHES
from orchestrator.tools import engine
from orchestrator.tools.apt import Apt, debian
from orchestrator.tools.capabilities import capabilities
from orchestrator.tools.docker_host import Engine, Silence, chosen
from orchestrator.tools.process import Finished, Runner
from orchestrator.tools.registry_program import PROGRAM as REGISTRY_PROGRAM

PYTHON_OLDEST = (3, 11)
GIT_OLDEST = (2, 20)
DOCKER_OLDEST = (23, 0)
BUILDX_OLDEST = (0, 13)
ENGINE_SPACE_GIB, OUTPUT_SPACE_GIB = 10, 1
_GIB = 1024**3


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    MISSING = "missing"
    OPTIONAL = "optional"
    """Missing, and only some things need it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    found: str
    remedy: str = ""
    """A command to paste, or what to do in words; empty when nothing has to be done."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the checks look."""

    environment: Mapping[str, str]
    state: Path
    root: Path
    apt: Apt
    runner: Runner
    python: tuple[int, ...]

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
        python(around.python),
        await _program(around, ("git", "--version"), oldest=GIT_OLDEST, remedy=f"{around.install} git"),
        await _program(around, ("docker", "--version"), oldest=DOCKER_OLDEST, remedy=client_remedy),
        await _program(around, ("docker", "buildx", "version"), oldest=BUILDX_OLDEST, remedy=buildx_remedy),
        docker_config(around.environment),
        engine_answers(answer, obstacle=around.apt.obstacle()),
        *(await _of_engine(around, found) if found else ()),
        registry(path=around.environment.get("PATH", ""), has_engine=found is not None, install=around.install),
        space("space for output", around.root, gib=OUTPUT_SPACE_GIB),
        packages(around.apt.obstacle()),
    )


def python(version: tuple[int, ...]) -> Check:
    """Python itself."""
    found = ".".join(map(str, version[:3]))
    if version[:2] >= PYTHON_OLDEST:
        return Check("python", State.OK, found)
    return Check("python", State.MISSING, found, f"install Python {_dotted(PYTHON_OLDEST)} or later")


def program(command: tuple[str, ...], ran: Finished | None, *, oldest: tuple[int, int], remedy: str) -> Check:
    """A program by what it says of its version; `ran` is None when there is no such program."""
    name = command[0] if command[-1] == "--version" else command[1]
    if ran is None or ran.returncode:
        return Check(name, State.MISSING, "not on this machine", remedy)
    match = re.search(r"\bv?(\d+)\.(\d+)[\w.+-]*", ran.stdout)
    if match is None:
        return Check(name, State.MISSING, f"says no version: {ran.stdout.strip()!r}", remedy)
    if (int(match[1]), int(match[2])) < oldest:
        return Check(name, State.MISSING, f"{match[0]}, too old: need {_dotted(oldest)} or later", remedy)
    return Check(name, State.OK, match[0])


def docker_config(environment: Mapping[str, str]) -> Check:
    """Docker's client configuration: where credentials come from. A broken one makes Docker go on without them."""
    folder = environment.get("DOCKER_CONFIG") or str(Path(environment.get("HOME", "/")) / ".docker")
    file = Path(folder) / "config.json"
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Check("docker config", State.OK, f"no {file}: registries are used without credentials")
    except (OSError, ValueError) as error:
        return Check("docker config", State.MISSING, f"{file} cannot be read: {error}", f"mend or remove {file}")
    if not isinstance(document, dict):
        return Check("docker config", State.MISSING, f"{file} is no JSON object", f"mend or remove {file}")
    absent = [name for name in _credential_helpers(document) if not shutil.which(name, path=environment.get("PATH"))]
    if absent:
        remedy = f"install it, or take it out of {file}"
        return Check("docker config", State.MISSING, f"{file} names {absent[0]}, which is not on this machine", remedy)
    return Check("docker config", State.OK, str(file))


def engine_answers(answer: Engine | Silence | OrchestratorError, *, obstacle: str) -> Check:
    """Whether there is an engine, and one that is new enough."""
    if isinstance(answer, OrchestratorError):
        return Check("engine", State.MISSING, str(answer), "unset DOCKER_CONTEXT, or `docker context use default`")
    if isinstance(answer, Engine):
        found = f"Docker {answer.version} at {answer.host}"
        if tuple(map(int, re.findall(r"\d+", answer.version)[:2])) < DOCKER_OLDEST:
            return Check("engine", State.MISSING, found, f"upgrade it to {_dotted(DOCKER_OLDEST)} or later")
        return Check("engine", State.OK, found)
    if answer.endpoint.named_by:
        return Check("engine", State.MISSING, str(answer), f"start it, or clear {answer.endpoint.named_by}")
    if obstacle:
        remedy = f"install Docker {_dotted(DOCKER_OLDEST)} or later, or set DOCKER_HOST to one ({obstacle})"
        return Check("engine", State.MISSING, str(answer), remedy)
    return Check("engine", State.MISSING, str(answer), "orchestrator engine up")


def emulation(native: frozenset[str], emulated: frozenset[str], *, remedy: str) -> tuple[Check, ...]:
    """One check for each arch that is not the engine's own; a builder of that arch is as good."""
    foreign = [name for name, arch in ARCHES.items() if arch.elf_machine and name not in native]
    return (
        Check("native", State.OK, " ".join(sorted(native))),
        *(
            Check(f"emulation {name}", State.OK, "runs")
            if name in emulated
            else Check(f"emulation {name}", State.OPTIONAL, "its programs do not run here", remedy)
            for name in foreign
        ),
    )


def registry(*, path: str, has_engine: bool, install: str) -> Check:
    """What the local registry can be run with."""
    if found := shutil.which(REGISTRY_PROGRAM, path=path):
        return Check("local registry", State.OK, found)
    remedy = f"{install} {REGISTRY_PROGRAM}"
    if has_engine:
        return Check("local registry", State.OPTIONAL, f"no {REGISTRY_PROGRAM}; would run as a container", remedy)
    return Check("local registry", State.MISSING, f"no {REGISTRY_PROGRAM}, no Docker to run it in", remedy)


def space(name: str, folder: Path, *, gib: int) -> Check:
    """Free space where a folder is or will be."""
    there = next((parent for parent in (folder, *folder.parents) if os.access(parent, os.X_OK)), Path("/"))
    free = shutil.disk_usage(there).free / _GIB
    found = f"{free:.1f} GiB free in {folder}"
    if free >= gib:
        return Check(name, State.OK, found)
    return Check(name, State.MISSING, found, f"free {gib} GiB there; `docker builder prune` frees the build cache")


def packages(obstacle: str) -> Check:
    """Whether the tool can install by itself what it needs."""
    if obstacle:
        return Check(
            "installs by itself", State.OPTIONAL, f"no: {obstacle}", "become root on Debian, or install by hand"
        )
    return Check("installs by itself", State.OK, "from the Debian mirrors of apt's sources")


async def _engine(around: Surroundings) -> Engine | Silence | OrchestratorError:
    try:
        chosen(around.environment)
    except OrchestratorError as error:
        return error
    return await engine.look(environment=around.environment, state=around.state)


async def _program(around: Surroundings, command: tuple[str, ...], *, oldest: tuple[int, int], remedy: str) -> Check:
    return program(command, await _ran(around, command), oldest=oldest, remedy=remedy)


def _docker_remedy(around: Surroundings, package: str, *, has_engine: bool) -> str:
    """`engine up` brings Docker's programs with the engine; beside another engine they come from who made that."""
    system = debian(around.apt.etc)
    if not has_engine and not around.apt.obstacle():
        return "orchestrator engine up"
    if system is not None and engine.is_packaged(system):
        return f"{around.install} {package}"
    return f"install {package} from where this Docker came from"


async def _of_engine(around: Surroundings, found: Engine) -> tuple[Check, ...]:
    """What only an engine can tell."""
    inspected = await _ran(around, ("docker", "buildx", "inspect", found.context or "default"), found)
    running = inspected is not None and "running" in inspected.stdout
    buildkit = (
        Check("buildkit", State.OK, "runs in the engine")
        if running
        else Check("buildkit", State.MISSING, "buildx finds no BuildKit in the engine", "upgrade the engine and buildx")
    )
    data = await _ran(around, ("docker", "info", "--format", "{{.DockerRootDir}}"), found)
    spaces = (
        (space("space for images", Path(data.stdout.strip()), gib=ENGINE_SPACE_GIB),)
        if found.here and data is not None and data.returncode == 0
        else ()
    )
    try:
        able = await capabilities(found, runner=around.runner, state=around.state)
    except (CommandError, ProgramMissingError):
        return (buildkit, *spaces)
    remedy = f"{around.install} qemu-user-static binfmt-support"
    return (buildkit, *spaces, *emulation(able.native, able.emulated, remedy=remedy))


async def _ran(around: Surroundings, command: tuple[str, ...], found: Engine | None = None) -> Finished | None:
    try:
        return await around.runner.run(command, check=False, env=found.environment if found else None)
    except ProgramMissingError:
        return None


def _credential_helpers(document: Mapping[str, object]) -> list[str]:
    helpers = document.get("credHelpers")
    names = {document.get("credsStore"), *(helpers.values() if isinstance(helpers, dict) else ())}
    return sorted(f"docker-credential-{name}" for name in names if isinstance(name, str) and name)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
