"""Starts and stops the local registry: its program where that can be had, a container elsewhere."""

import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestrator.errors import LocalOutputError, ProgramMissingError, UnavailableError
from orchestrator.tools import engine
from orchestrator.tools.debian.apt import Apt
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.local_registry import (
    LocalRegistry,
    Place,
    container,
    folder_of,
    program,
    remember,
    remembered,
    served,
)
from orchestrator.tools.local_registry.program import LOOPBACK, PROGRAM
from orchestrator.tools.locks import locked
from orchestrator.tools.logs import log
from orchestrator.tools.process import Runner

_FIRST_PORT, _LAST_PORT = 5000, 5999


async def status(*, state: Path, environment: Mapping[str, str]) -> LocalRegistry:
    """What runs and where; starts nothing."""
    folder = folder_of(state)
    place = remembered(folder)
    if place is None:
        return LocalRegistry("", running=False, storage=str(folder / "data"))
    if place.container:
        docker = await engine.find(environment=environment, state=state)
        runs = docker is not None and await container.is_running(
            place.container, engine=docker, environment=environment
        )
        return LocalRegistry(place.address, running=runs, storage=place.container, container=place.container)
    server = program.running(folder)
    runs = await served(state) is not None
    return LocalRegistry(place.address, running=runs, storage=str(folder / "data"), pid=server.pid if server else None)


async def ensure(*, state: Path, runner: Runner, environment: Mapping[str, str]) -> str:
    """The address of the running registry, started when it does not run, on the port it had or the next free one.

    Safe to call by several processes at once and after any crash. Raises ProgramMissingError where neither its program
    nor a Docker to run it in is to be had, UnavailableError when it does not start.
    """
    folder = folder_of(state)
    async with locked(state / "registry.lock"):
        known = await status(state=state, environment=environment)
        if known.running:
            return known.address
        _make(folder)
        if await _have_program(Apt(state, runner), environment):
            ports = _free_ports(remembered(folder))
            where = await program.start(folder, ports=ports, runner=runner, environment=environment)
            remember(folder, Place(where))
            log.info("registry started", address=where, storage=str(folder / "data"))
            return where
        docker = await engine.find(environment=environment, state=state)
        if docker is None:
            raise ProgramMissingError(
                f"the local registry needs the program {PROGRAM} (Debian's package of that name) or Docker; "
                "`orchestrator doctor` says how to get them, --registry names another registry"
            )
        return await _start_container(folder, docker=docker, environment=environment)


async def down(*, state: Path, environment: Mapping[str, str], purge: bool) -> bool:
    """Stop the registry, with `purge` delete all that it stores; whether it ran."""
    folder = folder_of(state)
    async with locked(state / "registry.lock"):
        place = remembered(folder)
        stopped = await program.stop(folder)
        if place is not None and place.container:
            docker = await engine.find(environment=environment, state=state)
            stopped = docker is not None and await container.stop(
                place.container, purge=purge, engine=docker, environment=environment
            )
        if purge:
            shutil.rmtree(folder, ignore_errors=True)
    return stopped


async def _start_container(folder: Path, *, docker: Engine, environment: Mapping[str, str]) -> str:
    name = container.name_of(folder)
    inside = f":{container.PORT}"
    text = program.configuration(listen=inside, storage=container.STORAGE, folder=folder)
    port = next(_free_ports(remembered(folder)))
    where = f"{LOOPBACK}:{port}"
    await container.start(name, port=port, configuration=text, engine=docker, environment=environment)
    remember(folder, Place(where, container=name))
    if await program.becomes_ready(where, folder=folder):
        log.info("registry started", address=where, container=name)
        return where
    raise UnavailableError(f"the local registry did not start; see `docker logs {name}`")


async def _have_program(apt: Apt, environment: Mapping[str, str]) -> bool:
    path = environment.get("PATH")
    if shutil.which(PROGRAM, path=path) is None and not apt.obstacle():
        try:
            await apt.install_tools([PROGRAM])
        except UnavailableError as error:
            log.warning("cannot install the registry's program", reason=str(error))
    return shutil.which(PROGRAM, path=path) is not None


def _free_ports(place: Place | None) -> Iterator[int]:
    """The port it had before all others, so that names of images stay true."""
    ports = range(_FIRST_PORT, _LAST_PORT + 1)
    first = [place.port] if place else []
    return (port for port in [*first, *ports] if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        # As servers do: connections that have ended must not count.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _make(folder: Path) -> None:
    try:
        (folder / "data").mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise LocalOutputError(f"{folder}: {error.strerror}; the registry's data must be there") from error
