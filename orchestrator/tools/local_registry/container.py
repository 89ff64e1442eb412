"""The local registry as a container, where the program itself is not to be had."""

import asyncio
import contextlib
import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from docker import DockerClient
from docker.errors import DockerException, NotFound

from orchestrator.errors import UnavailableError
from orchestrator.tools.engine.docker_host import Engine, client

T = TypeVar("T")

IMAGE = "registry:2"
STORAGE = "/var/lib/registry"
PORT = 5000
_CONFIGURATION = "/etc/docker/registry/config.yml"


def name_of(state: Path) -> str:
    """What the container, and the volume that holds its data, are called: one for each state folder."""
    return f"orchestrator-registry-{hashlib.sha256(str(state).encode()).hexdigest()[:12]}"


async def start(name: str, *, port: int, configuration: str, engine: Engine, environment: Mapping[str, str]) -> None:
    """Start the container, published on loopback only; one that is there is replaced, its data stays in the volume.

    Raises UnavailableError when Docker refuses, or has no image of that name and cannot pull it.
    """

    def act(docker: DockerClient) -> None:
        _remove(docker, name)
        _have_image(docker)
        container = docker.containers.create(
            IMAGE,
            name=name,
            command=[_CONFIGURATION],
            ports={f"{PORT}/tcp": ("127.0.0.1", port)},
            volumes={name: {"bind": STORAGE, "mode": "rw"}},
        )
        container.put_archive("/", _archive(_CONFIGURATION, configuration))
        container.start()

    await _ask(act, engine=engine, environment=environment)


async def stop(name: str, *, purge: bool, engine: Engine, environment: Mapping[str, str]) -> bool:
    """Remove the container, with `purge` its data too; whether there was one."""

    def act(docker: DockerClient) -> bool:
        removed = _remove(docker, name)
        if purge:
            with contextlib.suppress(NotFound):
                docker.volumes.get(name).remove()
        return removed

    return await _ask(act, engine=engine, environment=environment)


async def is_running(name: str, *, engine: Engine, environment: Mapping[str, str]) -> bool:
    """Whether there is such a container and it runs."""

    def act(docker: DockerClient) -> bool:
        with contextlib.suppress(NotFound):
            return str(docker.containers.get(name).status) == "running"
        return False

    return await _ask(act, engine=engine, environment=environment)


async def _ask(act: Callable[[DockerClient], T], *, engine: Engine, environment: Mapping[str, str]) -> T:
    def connected() -> T:
        with contextlib.closing(client(engine, environment=environment)) as docker:
            return act(docker)

    try:
        return await asyncio.to_thread(connected)
    except (DockerException, OSError) as error:
        raise UnavailableError(f"Docker at {engine.host} cannot run the local registry ({IMAGE}): {error}") from error


def _have_image(docker: DockerClient) -> None:
    try:
        docker.images.get(IMAGE)
    except NotFound:
        docker.images.pull(IMAGE)


def _remove(docker: DockerClient, name: str) -> bool:
    try:
        docker.containers.get(name).remove(force=True)
    except NotFound:
        return False
    return True


def _archive(path: str, text: str) -> bytes:
    content = text.encode()
    entry = tarfile.TarInfo(path.lstrip("/"))
    entry.size = len(content)
    entry.mode = 0o644
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
