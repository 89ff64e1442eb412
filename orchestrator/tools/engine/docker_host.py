"""Where Docker is: the user's choice as Docker's own client understands it, and whether an engine answers there."""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docker import DockerClient
from docker.errors import DockerException
from docker.utils import kwargs_from_env

from orchestrator.model.platforms import ARCHES, Platform, arch_of
from orchestrator.tools.engine import docker_contexts

_ANSWER_SECONDS = 5
# What other arches a processor runs by itself, by Docker's name of it; 32-bit Arm on arm64 is asked of the machine.
_COMPATIBLE = {"amd64": ("i386",), "arm": ("arm32v6", "arm32v5")}
_LINUX = "linux"


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker engine that answers."""

    host: str
    """As DOCKER_HOST takes it."""
    private: bool
    """Started by us, and ours to stop."""
    version: str
    platforms: tuple[str, ...]
    """What its own processor runs, such as linux/amd64."""
    here: bool = True
    """Whether it shares this machine's kernel, and so its emulators."""
    context: str = ""
    """The Docker context that leads to it, where one does: it may hold certificates, which `host` cannot."""

    @property
    def environment(self) -> dict[str, str]:
        """What Docker's programs need in their environment to reach it."""
        # A DOCKER_HOST of the user's would count before any context; an empty one is none.
        return {"DOCKER_CONTEXT": self.context, "DOCKER_HOST": ""} if self.context else {"DOCKER_HOST": self.host}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place where Docker should be."""

    host: str
    named_by: str = ""
    """Who chose it: DOCKER_HOST or a context; empty for the default."""
    context: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """A Docker that does not answer, and why."""

    endpoint: Endpoint
    reason: str

    def __str__(self) -> str:
        chosen = f" (from {self.endpoint.named_by})" if self.endpoint.named_by else ""
        return f"Docker at {self.endpoint.host}{chosen} does not answer: {self.reason}"


def chosen(environment: Mapping[str, str]) -> Endpoint | None:
    """The Docker that the user chose by DOCKER_HOST or by a context, in the order of Docker's own client.

    Raises InputError for a context that does not exist.
    """
    if host := environment.get("DOCKER_HOST"):
        return Endpoint(host, named_by="DOCKER_HOST")
    return of_context(docker_contexts.current(environment), environment)


def of_context(name: str, environment: Mapping[str, str]) -> Endpoint | None:
    """Where a Docker context leads; None for `default`, which leads nowhere. Raises InputError where there is none."""
    if name == docker_contexts.DEFAULT:
        return None
    context = docker_contexts.named(name, environment)
    return Endpoint(context.host, named_by=f"the Docker context {name!r}", context=name)


async def look_at(endpoint: Endpoint, *, environment: Mapping[str, str]) -> Engine | Silence:
    """The engine that answers at an endpoint within a few seconds, or why none does."""
    try:
        version = await asyncio.to_thread(_version, endpoint, environment)
    except (DockerException, OSError) as error:
        return Silence(endpoint, reason(error))
    own = own_arches(Platform(str(version["Os"]), str(version["Arch"])))
    return Engine(
        host=endpoint.host,
        private=False,
        version=str(version["Version"]),
        platforms=tuple(str(ARCHES[name].platform) for name in own),
        here=endpoint.host.startswith("unix://") and version.get("KernelVersion") == os.uname().release,
        context=endpoint.context,
    )


def own_arches(platform: Platform) -> tuple[str, ...]:
    """The arches that a machine of a platform runs by itself, its own one first."""
    own = arch_of(platform)
    compatible = _COMPATIBLE.get(platform.architecture, ()) if platform.os == _LINUX else ()
    return (*((own.name,) if own else ()), *compatible)


async def windows_release(engine: Engine, *, environment: Mapping[str, str]) -> str:
    """The os.version of an engine's Windows, such as `10.0.26100.4061`; empty elsewhere.

    Raises DockerException and OSError when it does not answer.
    """

    def asked() -> str:
        with contextlib.closing(client(engine, environment=environment)) as connection:
            about = connection.info()
            # Elsewhere it is the release of the Linux distribution.
            return str(about.get("OSVersion", "")) if about.get("OSType") == "windows" else ""

    return await asyncio.to_thread(asked)


def client(engine: Engine, *, environment: Mapping[str, str], timeout_seconds: int = 60) -> DockerClient:
    """A client of Docker's API for this engine; to be closed by who asked for it."""
    return _client(Endpoint(engine.host, context=engine.context), environment, timeout_seconds=timeout_seconds)


def _version(endpoint: Endpoint, environment: Mapping[str, str]) -> Mapping[str, Any]:
    with contextlib.closing(_client(endpoint, environment, timeout_seconds=_ANSWER_SECONDS)) as connection:
        version: Mapping[str, Any] = connection.version()
        return version


def _client(endpoint: Endpoint, environment: Mapping[str, str], *, timeout_seconds: int) -> DockerClient:
    ssh = endpoint.host.startswith("ssh://")
    if endpoint.context:
        tls = docker_contexts.named(endpoint.context, environment).tls or False
        return DockerClient(base_url=endpoint.host, tls=tls, timeout=timeout_seconds, use_ssh_client=ssh)
    named = kwargs_from_env(environment={**environment, "DOCKER_HOST": endpoint.host})
    return DockerClient(**named, timeout=timeout_seconds, use_ssh_client=ssh)


def reason(error: BaseException) -> str:
    """The system's own words where the libraries wrap them; they do so three times over."""
    reason = str(error)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            reason = cause.strerror
        cause = cause.__cause__ or cause.__context__
    return reason
