"""Docker engines that answer as a test says, given in the place of those that are really there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import OrchestratorError
from orchestrator.tools.builders.engines import Engines, SeenEngine
from orchestrator.tools.engine.capabilities import Capabilities
from orchestrator.tools.engine.certificates import Certificates
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.process import Runner
from tests.fake_runner import FakeRunner
from tests.fakes import FakeDocker

HERE = "unix:///run/docker.sock"
RUNS = Capabilities(frozenset({"amd64", "i386"}), frozenset({"arm64v8", "s390x"}))


def seen(host: str = HERE, *, runs: Capabilities = RUNS, context: str = "") -> SeenEngine:
    engine = Engine(host, private=False, version="26.1", platforms=(), context=context)
    return SeenEngine(engine, runs, FakeDocker().connect)


@dataclass(frozen=True)
class FakeEngines(Engines):
    """`answers` has an engine, or why there is none, by the Docker context; the local one has no name."""

    answers: Mapping[str, SeenEngine | OrchestratorError] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    state: Path = Path("/state")
    runner: Runner = field(default_factory=FakeRunner)

    trusted: dict[str, Certificates | None] = field(default_factory=dict)
    """By which certificates the engine at an address was looked at."""
    release: str = ""
    """What each engine says of its Windows."""

    async def local(self) -> SeenEngine:
        return self._answer("")

    async def of_context(self, name: str) -> SeenEngine:
        return self._answer(name)

    async def at(self, host: str, certificates: Certificates | None = None) -> SeenEngine:
        self.trusted[host] = certificates
        return self._answer(host)

    async def windows_release(self, seen: SeenEngine) -> str:
        return self.release

    def _answer(self, name: str) -> SeenEngine:
        answer = self.answers[name]
        if isinstance(answer, OrchestratorError):
            raise answer
        return answer
