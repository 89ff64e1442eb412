"""The Docker engine that builds run on: found where the user's own Docker commands find it, or started."""

import asyncio
import errno
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from orchestrator.errors import CommandError, ProgramMissingError, UnavailableError
from orchestrator.model.platforms import ARCHES
from orchestrator.tools import emulation, private_engine
from orchestrator.tools.apt import Apt, Debian, Package, debian
from orchestrator.tools.docker_host import Endpoint, Engine, Silence, chosen, look_at
from orchestrator.tools.locks import locked
from orchestrator.tools.private_engine import DEFAULT_SOCKET, Settings
from orchestrator.tools.process import Runner

_READY_SECONDS = 60
_POLL_SECONDS = 0.2
# Debian's suite with the first Docker that has BuildKit, buildx and the containerd image store (23 or later), by the
# suite that runs here. It needs libc 2.34, which Debian 11 does not have.
_DOCKER_SUITES = {"bookworm": "trixie", "trixie": "", "forky": "", "sid": ""}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an engine of our own shall be like; what is not said stays as it was at its last start."""

    socket: Path | None = None
    """Asks for an engine of our own there, whatever other engines there are."""
    bridge: bool | None = None


ANY = Wanted()
"""Any engine will do."""


@dataclass(frozen=True, slots=True)
class Start:
    """What has to be done before there is an engine."""

    settings: Settings
    packages: tuple[Package, ...]


def private_root(state: Path) -> Path:
    """The folder of this machine's own engine."""
    return state / "engine"


def is_packaged(system: Debian) -> bool:
    """Whether this Debian's own suite has a Docker that is new enough."""
    return _DOCKER_SUITES.get(system.codename) == ""


async def look(*, environment: Mapping[str, str], state: Path) -> Engine | Silence:
    """The engine that the user's choice leads to, else our own, else the one at Docker's default socket."""
    settings = private_engine.remembered(private_root(state))
    endpoint = chosen(environment)
    if endpoint is None:
        own = private_engine.is_running(settings.root)
        endpoint = Endpoint(settings.host if own else f"unix://{DEFAULT_SOCKET}")
    return await _look_at(endpoint, settings=settings, environment=environment)


async def find(*, environment: Mapping[str, str], state: Path) -> Engine | None:
    """The engine that builds would run on, or None when none answers; starts nothing."""
    answer = await look(environment=environment, state=state)
    return answer if isinstance(answer, Engine) else None


async def needed(
    *,
    environment: Mapping[str, str],
    state: Path,
    runner: Runner,
    wanted: Wanted = ANY,
) -> Engine | Start:
    """The engine when there is one, else what starting one takes.

    Raises UnavailableError when a Docker that the user chose does not answer, ProgramMissingError where none can be
    started.
    """
    endpoint = None if wanted.socket else chosen(environment)
    known = private_engine.remembered(private_root(state))
    bridge = known.bridge if wanted.bridge is None else wanted.bridge
    settings = Settings(known.root, wanted.socket or known.socket, bridge)
    answer = await _look_at(endpoint or Endpoint(settings.host), settings=settings, environment=environment)
    if endpoint is not None:
        if isinstance(answer, Engine):
            return answer
        raise UnavailableError(f"{answer}; start it, or clear that choice")
    if isinstance(answer, Engine) and answer.private:
        return answer
    if not private_engine.is_listening(settings.root):
        if isinstance(answer, Engine) and settings.socket == DEFAULT_SOCKET:
            return answer
        _refuse_taken(answer)
    return Start(settings, await _missing_packages(Apt(state, runner), environment))


async def ensure(
    *,
    environment: Mapping[str, str],
    state: Path,
    runner: Runner,
    wanted: Wanted = ANY,
) -> Engine:
    """The engine that answers, or one of our own, installed and started as root on Debian; raises as `needed` does.

    Safe to call by several processes at once and after any crash; does nothing when there is an engine.
    """
    async with locked(state / "engine.lock"):
        start = await needed(environment=environment, state=state, runner=runner, wanted=wanted)
        if isinstance(start, Engine):
            return start
        apt = Apt(state, runner)
        if start.packages:
            await apt.install(start.packages)
            # Where the system starts what is installed, that is the engine now.
            answer = await _look_at(Endpoint(start.settings.host), settings=start.settings, environment=environment)
            if isinstance(answer, Engine):
                return answer
        if apt.user_id:
            raise ProgramMissingError("only root may start a Docker engine; become root, or set DOCKER_HOST to one")
        log.info("start engine", host=start.settings.host, root=str(start.settings.root))
        await private_engine.start(start.settings, runner=runner, environment=environment)
        engine = await _ready(start.settings, runner=runner, environment=environment)
        await _emulate(apt, environment)
        return engine


async def down(*, state: Path, runner: Runner, purge: bool) -> bool:
    """Stop the engine that we started, and with `purge` delete all it holds; whether there was one to stop."""
    settings = private_engine.remembered(private_root(state))
    async with locked(state / "engine.lock"):
        stopped = await private_engine.stop(settings, runner=runner)
        if purge:
            private_engine.purge(settings)
    return stopped


async def _look_at(endpoint: Endpoint, *, settings: Settings, environment: Mapping[str, str]) -> Engine | Silence:
    answer = await look_at(endpoint, environment=environment)
    if isinstance(answer, Silence):
        return answer
    return replace(answer, private=answer.host == settings.host and private_engine.is_running(settings.root))


def _refuse_taken(answer: Engine | Silence) -> None:
    """Refuse a socket that somebody else listens at; a socket file that nobody listens at is only a left-over."""
    if isinstance(answer, Engine):
        raise UnavailableError(f"{answer.host}: another Docker listens there; choose another --socket")
    if answer.reason == os.strerror(errno.EACCES):
        raise ProgramMissingError(f"{answer}; become root or join the group `docker`")
    if answer.reason not in {os.strerror(errno.ENOENT), os.strerror(errno.ECONNREFUSED)}:
        raise UnavailableError(f"{answer}; end what listens there, or choose another --socket")


async def _ready(settings: Settings, *, runner: Runner, environment: Mapping[str, str]) -> Engine:
    """Wait until the engine answers; one that does not is stopped again, and its last words are told."""
    deadline = asyncio.get_running_loop().time() + _READY_SECONDS
    while private_engine.is_running(settings.root) and asyncio.get_running_loop().time() < deadline:
        answer = await _look_at(Endpoint(settings.host), settings=settings, environment=environment)
        if isinstance(answer, Engine):
            return answer
        await asyncio.sleep(_POLL_SECONDS)
    words = private_engine.last_words(settings)
    await private_engine.stop(settings, runner=runner)
    raise UnavailableError(f"the engine did not start; the end of {settings.log}:\n{words}")


async def _emulate(apt: Apt, environment: Mapping[str, str]) -> None:
    """Make this machine run what it can emulate; without it an engine still builds for its own processor."""
    works = await emulation.runnable(ARCHES, runner=apt.runner, state=apt.state, as_root=True)
    if all(name in works for name, arch in ARCHES.items() if arch.elf_machine):
        return
    try:
        if shutil.which("update-binfmts", path=_path(environment)) is None:
            await emulation.set_up(apt)
        else:
            await emulation.register(apt.runner)
    except (CommandError, ProgramMissingError, UnavailableError) as error:
        log.warning("no emulation", reason=str(error))


async def _missing_packages(apt: Apt, environment: Mapping[str, str]) -> tuple[Package, ...]:
    """What has to be installed before an engine can be started; raises ProgramMissingError where that cannot be."""
    programs = {"dockerd": "docker.io", "containerd": "containerd", "runc": "runc", "iptables": "iptables"}
    missing = [package for name, package in programs.items() if shutil.which(name, path=_path(environment)) is None]
    if shutil.which("docker", path=_path(environment)) is None:
        missing += ["docker-cli", "docker-buildx"]
    elif (await apt.runner.run(("docker", "buildx", "version"), check=False)).returncode:
        missing.append("docker-buildx")
    if not missing:
        return ()
    system = debian(apt.etc)
    if system is None or apt.obstacle():
        raise ProgramMissingError(
            f"no Docker answers, and {' '.join(missing)} cannot be installed: {apt.obstacle()}; "
            "install Docker 23 or later with buildx, or set DOCKER_HOST to one"
        )
    if system.codename not in _DOCKER_SUITES:
        raise ProgramMissingError(
            f"Debian {system.codename} has no Docker that is new enough; install Docker 23 or later with buildx"
        )
    suite = _DOCKER_SUITES[system.codename]
    ours = {"docker.io", "docker-cli", "docker-buildx", "containerd"}
    names = [*missing, "tini", *(emulation.PACKAGES if "docker.io" in missing else ())]
    return tuple(Package(name, suite if name in ours else "") for name in names)


def _path(environment: Mapping[str, str]) -> str:
    return f"{environment.get('PATH', '')}:/usr/sbin:/sbin"
