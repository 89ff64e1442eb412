"""The Docker engine that builds run on: found where the user's own Docker commands find it, or started."""

import asyncio
import errno
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import CommandError, LocalOutputError, ProgramMissingError, UnavailableError
from orchestrator.model.platforms import ARCHES
from orchestrator.tools.debian.apt import Apt, Package
from orchestrator.tools.engine import emulation, private
from orchestrator.tools.engine.docker_host import Endpoint, Engine, Silence, chosen, look_at
from orchestrator.tools.engine.packages import missing_packages
from orchestrator.tools.engine.private import DEFAULT_SOCKET, Remains, Settings
from orchestrator.tools.locks import locked
from orchestrator.tools.logs import log
from orchestrator.tools.process import Runner

_READY_SECONDS = 60
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Start:
    """What has to be done before there is an engine."""

    settings: Settings
    packages: tuple[Package, ...]


def private_root(state: Path) -> Path:
    """The folder of this machine's own engine."""
    return state / "engine"


async def look(*, environment: Mapping[str, str], state: Path) -> Engine | Silence:
    """The engine that the user's choice leads to, else our own, else the one at Docker's default socket."""
    settings = private.remembered(private_root(state))
    endpoint = chosen(environment)
    if endpoint is None:
        own = private.is_running(settings.root)
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
    socket: Path | None = None,
) -> Engine | Start:
    """The engine when there is one, else what starting one takes.

    A `socket` asks for an engine of our own there, whatever other engines there are; without one, ours listens where it
    did at its last start. Raises UnavailableError when a Docker that the user chose does not answer, and
    ProgramMissingError where none can be started.
    """
    endpoint = None if socket else chosen(environment)
    known = private.remembered(private_root(state))
    settings = Settings(known.root, socket or known.socket)
    answer = await _look_at(endpoint or Endpoint(settings.host), settings=settings, environment=environment)
    found = usable(answer, settings=settings, remains=private.remains(settings.root))
    return found or Start(settings, await missing_packages(Apt(state, runner), environment))


def usable(answer: Engine | Silence, *, settings: Settings, remains: Remains) -> Engine | None:
    """The engine to build on, judged by what was found where it should be; None when ours has to be started.

    Raises UnavailableError and ProgramMissingError as `needed` does.
    """
    if isinstance(answer, Engine) and (answer.private or answer.host != settings.host):
        return answer
    if remains is Remains.LISTENING:
        # Half of ours is gone, or it hangs.
        return None
    if isinstance(answer, Engine):
        if settings.socket == DEFAULT_SOCKET:
            return answer
        raise UnavailableError(f"{answer.host}: another Docker listens there; choose another --socket")
    is_ours = answer.endpoint.host == settings.host and remains is Remains.DATA
    if answer.endpoint.named_by and not is_ours:
        raise answer.error(f"{answer}; {answer.ways_out}")
    _refuse_taken(answer)
    return None


async def ensure(
    *,
    environment: Mapping[str, str],
    state: Path,
    runner: Runner,
    socket: Path | None = None,
) -> Engine:
    """The engine that answers, or one of our own, installed and started as root on Debian; raises as `needed` does.

    Safe to call by several processes at once and after any crash; does nothing when there is an engine.
    """
    async with locked(state / "engine.lock"):
        start = await needed(environment=environment, state=state, runner=runner, socket=socket)
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
        try:
            await private.start(start.settings, runner=runner)
        except OSError as error:
            raise LocalOutputError(
                f"{start.settings.root}: {error.strerror}; an engine's folder must be there"
            ) from error
        engine = await _ready(start.settings, runner=runner, environment=environment)
        await _emulate(apt, environment)
        return engine


def may_be_stopped(state: Path) -> bool:
    """Whether `down` would find an engine of ours, or what is left of one, at work."""
    return private.has_processes(private_root(state))


async def down(*, state: Path, runner: Runner, purge: bool) -> bool:
    """Stop the engine that we started, and with `purge` delete all it holds; whether there was one to stop."""
    settings = private.remembered(private_root(state))
    async with locked(state / "engine.lock"):
        stopped = await private.stop(settings, runner=runner)
        if purge:
            private.purge(settings)
    return stopped


async def _look_at(endpoint: Endpoint, *, settings: Settings, environment: Mapping[str, str]) -> Engine | Silence:
    answer = await look_at(endpoint, environment=environment)
    if isinstance(answer, Silence):
        return answer
    return replace(answer, private=answer.host == settings.host and private.is_running(settings.root))


def _refuse_taken(answer: Silence) -> None:
    """Refuse a socket that somebody else listens at; a socket file that nobody listens at is only a left-over."""
    if answer.is_denied:
        raise ProgramMissingError(f"{answer}; {answer.ways_out}")
    if answer.reason not in {os.strerror(errno.ENOENT), os.strerror(errno.ECONNREFUSED)}:
        raise UnavailableError(f"{answer}; end what listens there, or choose another --socket")


async def _ready(settings: Settings, *, runner: Runner, environment: Mapping[str, str]) -> Engine:
    """Wait until the engine answers; one that does not is stopped again, and its last words are told."""
    deadline = asyncio.get_running_loop().time() + _READY_SECONDS
    while private.is_running(settings.root) and asyncio.get_running_loop().time() < deadline:
        answer = await _look_at(Endpoint(settings.host), settings=settings, environment=environment)
        if isinstance(answer, Engine):
            return answer
        await asyncio.sleep(_POLL_SECONDS)
    words = private.last_words(settings)
    await private.stop(settings, runner=runner)
    raise UnavailableError(f"the engine did not start; the end of {settings.log}:\n{words}")


async def _emulate(apt: Apt, environment: Mapping[str, str]) -> None:
    """Make this machine run what it can emulate; without it an engine still builds for its own processor."""
    works = await emulation.runnable(ARCHES, runner=apt.runner, state=apt.state, as_root=True)
    if all(name in works for name, arch in ARCHES.items() if arch.elf_machine):
        return
    try:
        if shutil.which("update-binfmts", path=environment.get("PATH")) is None:
            await emulation.set_up(apt)
        else:
            await emulation.register(apt.runner)
    except (CommandError, ProgramMissingError, UnavailableError) as error:
        log.warning("no emulation", reason=str(error))
