"""Where Docker is: the user's choice as Docker's own client understands it, and whether an engine answers there."""

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from docker import DockerClient
from docker.constants import DEFAULT_DOCKER_API_VERSION
from docker.errors import DockerException

from orchestrator.errors import InputError, OrchestratorError, ProgramMissingError, UnavailableError
from orchestrator.model.platforms import ARCHES, Platform, arch_of
from orchestrator.model.refusals import Refusal
from orchestrator.model.ssh_hosts import SSH_SCHEME, SshHost
from orchestrator.tools import docker_home
from orchestrator.tools.engine import docker_contexts, ssh_clients, tls, tls_clients
from orchestrator.tools.engine.certificates import Certificates
from orchestrator.tools.process import dialled

_T = TypeVar("_T")

_ANSWER_SECONDS = 5
_DENIED = os.strerror(errno.EACCES)
# By which the environment names certificates for an address.
_CERT_PATH, _TLS_VERIFY = "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"
_VERSION_SAYS = frozenset({"ApiVersion", "Arch", "Os", "Version"})
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
    certificates: Certificates | None = None
    """As those of its endpoint."""
    api_version: str = DEFAULT_DOCKER_API_VERSION
    """Of its API, such as `1.45`; that of the SDK where the engine was not asked."""

    @property
    def own(self) -> tuple[str, ...]:
        """The arches of `platforms`, the processor's own one first."""
        return tuple(arch.name for text in self.platforms if (arch := arch_of(Platform.parse(text))))

    @property
    def is_windows(self) -> bool:
        return any(Platform.parse(text).is_windows for text in self.platforms)

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
    certificates: Certificates | None = None
    """Those that are named for this address; None leaves it to its context, else to the environment."""

    @property
    def is_by_ssh(self) -> bool:
        return self.host.startswith(SSH_SCHEME)


@dataclass(frozen=True, slots=True)
class Silence:
    """A Docker that does not answer, and why."""

    endpoint: Endpoint
    reason: str
    remedy: str = "start it"
    error: type[OrchestratorError] = UnavailableError
    """What it is for a run that needs this engine."""

    def __str__(self) -> str:
        chosen = f" (from {self.endpoint.named_by})" if self.endpoint.named_by else ""
        return f"Docker at {self.endpoint.host}{chosen} does not answer: {self.reason}"

    @property
    def is_denied(self) -> bool:
        """Whether a Docker of this machine is there, and this user may not use it."""
        return self.reason == _DENIED

    @property
    def ways_out(self) -> str:
        """What can be done: mend it, or choose it no more; where nobody chose it, also start one of ours."""
        remedy = "become root or join the group `docker`" if self.is_denied else self.remedy
        if self.endpoint.named_by:
            return f"{remedy}, or clear {self.endpoint.named_by}"
        return remedy if self.is_denied else "start one by `orchestrator engine up`, or set DOCKER_HOST"


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
    """The engine that answers at an endpoint within a few seconds, or why none does.

    An engine that is reached by ssh has as long as ssh gives its host. Raises InputError for an address of such a host
    that is none.
    """
    seconds = ssh_clients.ANSWER_SECONDS if endpoint.is_by_ssh else _ANSWER_SECONDS
    try:
        connection = _client(endpoint, environment, api_version=DEFAULT_DOCKER_API_VERSION, timeout_seconds=seconds)
        version = await _asked(connection, lambda: connection.version(api_version=False))
    except (DockerException, OSError) as error:
        trusted = _certificates(endpoint, environment)
        return _silence(endpoint, error, await tls.objection(endpoint.host, trusted, named_by=endpoint.named_by))
    return answered(endpoint, version)


def answered(endpoint: Endpoint, version: Mapping[str, Any]) -> Engine | Silence:
    """The engine that says this of its version; Silence for something else that answers there."""
    if missing := sorted(_VERSION_SAYS - version.keys()):
        return Silence(endpoint, f"what listens there does not tell its {', '.join(missing)}", "see what it is")
    own = own_arches(Platform(str(version["Os"]), str(version["Arch"])))
    return Engine(
        host=endpoint.host,
        private=False,
        version=str(version["Version"]),
        platforms=tuple(str(ARCHES[name].platform) for name in own),
        here=endpoint.host.startswith("unix://") and version.get("KernelVersion") == os.uname().release,
        context=endpoint.context,
        certificates=endpoint.certificates,
        api_version=str(version["ApiVersion"]),
    )


def own_arches(platform: Platform) -> tuple[str, ...]:
    """The arches that a machine of a platform runs by itself, its own one first."""
    own = arch_of(platform)
    compatible = _COMPATIBLE.get(platform.architecture, ()) if platform.os == _LINUX else ()
    return (*((own.name,) if own else ()), *compatible)


async def windows_release(connect: Callable[[], DockerClient]) -> str:
    """The os.version of an engine's Windows, such as `10.0.26100.4061`; empty elsewhere.

    `connect` makes a client of the engine. Raises DockerException and OSError when it does not answer.
    """
    connection = connect()
    about = await _asked(connection, connection.info)
    # Elsewhere it is the release of the Linux distribution.
    return str(about.get("OSVersion", "")) if about.get("OSType") == "windows" else ""


def client(engine: Engine, *, environment: Mapping[str, str], timeout_seconds: int = 60) -> DockerClient:
    """A client of Docker's API for this engine; to be closed by who asked for it."""
    endpoint = Endpoint(engine.host, context=engine.context, certificates=engine.certificates)
    return _client(endpoint, environment, api_version=engine.api_version, timeout_seconds=timeout_seconds)


async def _asked(connection: DockerClient, question: Callable[[], _T]) -> _T:
    """The answer to a question that blocks; the connection is closed with it, and when nobody waits for it any more."""
    with contextlib.closing(connection):
        return await asyncio.to_thread(question)


def _client(
    endpoint: Endpoint, environment: Mapping[str, str], *, api_version: str, timeout_seconds: int
) -> DockerClient:
    """Connects to nothing yet: the version is given, so the SDK does not ask for it."""
    if endpoint.is_by_ssh:
        host = _ssh_host(endpoint)
        dial = partial(dialled, host.dial, environment=environment)
        return ssh_clients.client(host, dial=dial, api_version=api_version, timeout_seconds=timeout_seconds)
    if trusted := _certificates(endpoint, environment):
        config = trusted.for_sdk
        return tls_clients.client(endpoint.host, config, api_version=api_version, timeout_seconds=timeout_seconds)
    return DockerClient(base_url=endpoint.host, version=api_version, timeout=timeout_seconds)


def _certificates(endpoint: Endpoint, environment: Mapping[str, str]) -> Certificates | None:
    """Its own, else those of its context or those that the environment names, as Docker's client takes it.

    None without TLS.
    """
    if endpoint.certificates:
        return endpoint.certificates
    if endpoint.context:
        return docker_contexts.named(endpoint.context, environment).certificates
    folder, verify = (environment.get(name, "") for name in (_CERT_PATH, _TLS_VERIFY))
    if not (folder or verify):
        return None
    kept = Path(folder) if folder else docker_home.folder(environment)
    return Certificates.kept_in(kept, is_verified=bool(verify))


def _ssh_host(endpoint: Endpoint) -> SshHost:
    try:
        return SshHost.parse(endpoint.host)
    except ValueError as error:
        raise InputError(f"{endpoint.named_by or 'the address of an engine'}: {error}") from error


def _silence(endpoint: Endpoint, error: BaseException, by_tls: Refusal | None) -> Silence:
    if refusal := by_tls or ssh_clients.refusal_in(error):
        return Silence(endpoint, refusal.reason, refusal.remedy, refusal.error)
    said = reason(error)
    return Silence(endpoint, said, error=ProgramMissingError) if said == _DENIED else Silence(endpoint, said)


def reason(error: BaseException) -> str:
    """The words of ssh or of the system where the libraries wrap them."""
    if refusal := ssh_clients.refusal_in(error):
        return refusal.reason
    words = [cause.strerror for cause in ssh_clients.causes(error) if isinstance(cause, OSError) and cause.strerror]
    return words[-1] if words else str(error)
