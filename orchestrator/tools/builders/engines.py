"""Docker engines as builders and as places of smoke tests: each is looked at once in a run."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from docker.errors import DockerException

from orchestrator.errors import InputError, OrchestratorError, ProgramMissingError, UnavailableError
from orchestrator.tools import engine
from orchestrator.tools.engine import docker_host
from orchestrator.tools.engine.capabilities import Capabilities, capabilities, said_last
from orchestrator.tools.engine.certificates import Certificates
from orchestrator.tools.engine.docker_host import Endpoint, Engine, Silence
from orchestrator.tools.process import Runner
from orchestrator.tools.smoke import Connect


@dataclass(frozen=True, slots=True)
class SeenEngine:
    """An engine that answered."""

    engine: Engine
    runs: Capabilities
    connect: Connect

    @property
    def where(self) -> str:
        return f"the engine at {self.engine.host}"


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of one run; several questions about one engine at once are asked once."""

    environment: Mapping[str, str]
    state: Path
    runner: Runner
    _looks: dict[str | Endpoint, asyncio.Task[SeenEngine]] = field(default_factory=dict)

    async def local(self) -> SeenEngine:
        """The engine that this machine's own Docker commands lead to; raises ProgramMissingError when none answers."""
        return await self._once("", self._local)

    async def of_context(self, name: str) -> SeenEngine:
        """The engine behind a Docker context; raises InputError without one, UnavailableError when it is silent."""
        return await self._once(name, partial(self._look_at, name))

    async def at(self, host: str, certificates: Certificates | None = None) -> SeenEngine:
        """The engine at an address, which need not have BuildKit; raises UnavailableError when it is silent.

        What it emulates is not asked, for that takes BuildKit. Where TLS is what fails, it raises InputError or
        NotAuthorisedError: that does not go away by itself.
        """
        endpoint = Endpoint(host, certificates=certificates)
        return await self._once(endpoint, partial(self._look_from_afar, endpoint))

    async def windows_release(self, seen: SeenEngine) -> str:
        """The os.version of an engine's Windows, empty elsewhere; raises UnavailableError when it is silent."""
        try:
            return await docker_host.windows_release(seen.connect)
        except (DockerException, OSError) as error:
            raise UnavailableError(f"{seen.where}: {docker_host.reason(error)}") from error

    async def check_buildx(self) -> None:
        """See that Docker's client has buildx; raises ProgramMissingError."""
        finished = await self.runner.run(("docker", "buildx", "version"), check=False)
        if finished.returncode:
            raise ProgramMissingError(
                f"`docker buildx` does not run: {said_last(finished)}; `orchestrator doctor` says how to get it"
            )

    async def _once(self, key: str | Endpoint, look: Callable[[], Coroutine[Any, Any, SeenEngine]]) -> SeenEngine:
        if key not in self._looks:
            self._looks[key] = asyncio.create_task(look())
        return await self._looks[key]

    async def _local(self) -> SeenEngine:
        found = await engine.look(environment=self.environment, state=self.state)
        if isinstance(found, Silence):
            raise _none_here(found)
        return self._seen(found, await self._runs(found))

    async def _look_at(self, name: str) -> SeenEngine:
        endpoint = docker_host.of_context(name, self.environment)
        if endpoint is None:
            raise InputError(
                "the Docker context `default` is this machine's own engine, which has no name in `builders`; "
                "write `driver: local`, or leave `test_on` out"
            )
        found = _answered(await docker_host.look_at(endpoint, environment=self.environment))
        return self._seen(found, await self._runs(found))

    async def _look_from_afar(self, endpoint: Endpoint) -> SeenEngine:
        found = _answered(await docker_host.look_at(endpoint, environment=self.environment))
        return self._seen(found, Capabilities(frozenset(found.own), frozenset()))

    def _seen(self, found: Engine, runs: Capabilities) -> SeenEngine:
        return SeenEngine(found, runs, partial(docker_host.client, found, environment=self.environment))

    async def _runs(self, found: Engine) -> Capabilities:
        try:
            return await capabilities(found, runner=self.runner, state=self.state)
        except UnavailableError as error:
            raise UnavailableError(f"the engine at {found.host}: {error}; does it have BuildKit?") from error


def _none_here(silence: Silence) -> OrchestratorError:
    is_absent = silence.error is UnavailableError and not silence.endpoint.is_by_ssh
    kind = ProgramMissingError if is_absent else silence.error
    return kind(f"{silence}; {silence.ways_out}")


def _answered(found: Engine | Silence) -> Engine:
    if isinstance(found, Silence):
        raise found.error(f"{found}; {found.remedy}, or name another one")
    return found
