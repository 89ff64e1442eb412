"""Stand-ins that are given to our code as arguments: a registry, an engine's client, a builder, a display."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from docker.errors import APIError, ImageNotFound

from orchestrator.errors import OrchestratorError
from orchestrator.model.oci import Document
from orchestrator.model.outcomes import Again, Outcome
from orchestrator.model.plan import Build
from orchestrator.model.platforms import Platform, arch_of
from orchestrator.model.references import Reference, Repository
from orchestrator.model.solve import Progress
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.sources import Source
from orchestrator.tools.registry.uploads import Outcome as Upload
from tests.fake_runner import FakeRunner
from tests.samples import layout


class FakeRegistry(Registry):
    """All registries in memory; notes what it is asked and what is written, and fails where it is told to."""

    def __init__(self, documents: Mapping[str, Document] | None = None) -> None:
        self.documents = dict(documents or {})
        """By reference in full, with a tag or a digest."""
        self.failing: dict[str, OrchestratorError] = {}
        """By the reference whose writing fails."""
        self.unreadable: dict[str, OrchestratorError] = {}
        """By the reference whose reading fails."""
        self.asked: list[str] = []
        self.written: list[str] = []
        self.uploaded: list[str] = []
        self.copied: list[str] = []
        self.before_writing: Callable[[str], None] = lambda reference: None
        """Called before a document is written, to let somebody else be faster."""

    async def document(self, reference: Reference) -> Document | None:
        self.asked.append(str(reference))
        if error := self.unreadable.get(str(reference)):
            raise error
        return self.documents.get(str(reference))

    async def put_document(self, reference: Reference, document: Document, *, instead_of: str | None = None) -> bool:
        self.before_writing(str(reference))
        if error := self.failing.get(str(reference)):
            raise error
        self.written.append(str(reference))
        self.documents[str(reference)] = document
        return True

    async def put_blob(
        self, repository: Repository, digest: str, size: int, source: Source, *, mount_from: Sequence[Repository] = ()
    ) -> Upload:
        self.uploaded.append(str(repository.at(digest)))
        return Upload.UPLOADED

    async def copy_document(self, source: Repository, target: Repository, digest: str) -> None:
        self.copied.append(f"{source} -> {target}@{digest}")


@dataclass
class FakeBuildx(FakeRunner):
    """Leaves a layout where `docker buildx build` is told to, or does what the test says for that platform."""

    builds: Mapping[str, Callable[[Path], object]] = field(default_factory=dict)
    """What a build leaves, by platform; a good layout for the platform when it is not named."""
    says: Mapping[str, str] = field(default_factory=dict)
    """What a build that fails says, by platform."""
    fails: dict[str, list[str]] = field(default_factory=dict)
    """What the next builds that fail say, by platform, one entry for each; after that they succeed."""
    first_words: str = ""
    """What every build says before it takes its time."""
    seconds: float = 0.0
    at_once: int = 0
    most_at_once: int = 0
    most_by_platform: Counter[str] = field(default_factory=Counter)
    running: Counter[str] = field(default_factory=Counter)

    async def stream(
        self,
        command: Sequence[str],
        *,
        on_stderr: Callable[[bytes], None],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> int:
        await self.run(command, env=env)
        platform = command[command.index("--platform") + 1]
        self.at_once += 1
        self.running[platform] += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        self.most_by_platform[platform] = max(self.running[platform], self.most_by_platform[platform])
        on_stderr(self.first_words.encode())
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.at_once -= 1
            self.running[platform] -= 1
        if self.fails.get(platform):
            on_stderr(self.fails[platform].pop(0).encode())
            return 1
        if said := self.says.get(platform):
            on_stderr(said.encode())
            return 1
        output = command[command.index("--output") + 1]
        self.builds.get(platform, _good(platform))(Path(output.partition("dest=")[2].partition(",")[0]))
        return 0


def _good(platform: str) -> Callable[[Path], object]:
    arch = arch_of(Platform.parse(platform))
    return lambda root: layout(root, arch.name if arch else "")


@dataclass
class FakeDisplay:
    """Notes what happens to builds, a word each."""

    seen: list[tuple[str, str]] = field(default_factory=list)

    def started(self, build: Build) -> None:
        self.seen.append((str(build.target), "started"))

    def moved(self, build: Build, progress: Progress) -> None:
        """Progress is tested where it is made."""

    def line(self, build: Build, text: str) -> None:
        self.seen.append((str(build.target), text))

    def phase(self, build: Build, name: str) -> None:
        self.seen.append((str(build.target), name))

    def pushed(self, build: Build, count: int, total: int) -> None:
        """Only the end is noted: in which order blobs arrive is nobody's promise."""
        if count == total:
            self.seen.append((str(build.target), "pushed"))

    def retried(self, build: Build, again: Again) -> None:
        self.seen.append((str(build.target), f"attempt {again.attempt}: {again.reason}"))

    def finished(self, outcome: Outcome) -> None:
        self.seen.append((outcome.target, str(outcome.result)))


@dataclass
class FakeDocker:
    """A client of an engine whose containers print what the test says; used as its own `api`, `images` and so on."""

    prints: Mapping[str, tuple[int, bytes]] = field(default_factory=dict)
    """Exit status and stdout by the command, its words joined by blanks; others print nothing and end well."""
    pull_error: str = ""
    failing_pulls: int = 1_000
    """How many pulls fail by `pull_error` before one works."""
    start_error: APIError | None = None
    remove_error: APIError | None = None
    """Of images."""
    lost: int = 0
    """So many containers find that another run has removed their image."""
    lost_error: APIError = field(default_factory=lambda: ImageNotFound("no such image"))
    silent: int = 0
    """So many containers lose what is printed in them."""
    unreachable: bool = False
    hangs: bool = False
    """Whether containers run until they are removed."""
    started: threading.Event = field(default_factory=threading.Event)
    removed: threading.Event = field(default_factory=threading.Event)
    calls: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    """How long each wait for a container may take."""
    counts: Counter[str] = field(default_factory=Counter)
    left: "Sequence[FakeContainer]" = ()
    """Containers that earlier runs left."""

    @property
    def api(self) -> "FakeDocker":
        return self

    images = containers = api

    def connect(self) -> Any:
        if self.unreachable:
            raise requests.ConnectionError("no such socket")
        return self

    def close(self) -> None:
        self.calls.append("close")

    def pull(self, repository: str, *, tag: str, platform: str, stream: bool, decode: bool) -> Iterator[dict[str, str]]:
        self.calls.append(f"pull {repository}@{tag} {platform}")
        yield {"status": "Pulling"}
        if self.pull_error and self.failing_pulls:
            self.failing_pulls -= 1
            yield {"error": self.pull_error}

    def tag(self, image: str, repository: str, *, tag: str) -> None:
        self.calls.append(f"tag {repository}:{tag}")

    def remove(self, image: str, *, force: bool) -> None:
        self.calls.append(f"remove {image}")
        if self.remove_error is not None:
            raise self.remove_error

    def list(self, *, all: bool, sparse: bool, filters: Mapping[str, str]) -> Sequence["FakeContainer"]:  # noqa: A002
        return self.left

    def info(self) -> dict[str, str]:
        return {"SystemTime": "2026-01-31T12:00:00.123456789Z"}

    def create(
        self, image: str, command: Sequence[str], *, platform: str, network_disabled: bool, labels: Mapping[str, str]
    ) -> "FakeContainer":
        self.counts["created"] += 1
        if self.counts["created"] <= self.lost:
            raise self.lost_error
        words = " ".join(command)
        self.calls.append(f"create {words}" + (" without network" if network_disabled else ""))
        status, stdout = self.prints.get(words, (0, b""))
        is_silent = self.counts["created"] <= self.silent
        return FakeContainer(self, status, b"" if is_silent else stdout)


@dataclass
class FakeContainer:
    """A container that has its output before it starts."""

    docker: FakeDocker
    status: int
    stdout: bytes
    attrs: Mapping[str, Any] = field(default_factory=dict)
    """As a list of containers has them."""

    def start(self) -> None:
        self.docker.calls.append("start")
        if self.docker.start_error is not None:
            raise self.docker.start_error
        self.docker.started.set()

    def wait(self, *, timeout: float) -> dict[str, int]:
        self.docker.waits.append(timeout)
        if self.docker.hangs:
            self.docker.removed.wait(10)
        return {"StatusCode": self.status}

    def logs(self, *, stdout: bool, stderr: bool) -> bytes:
        return self.stdout if stdout else b"said on stderr\n"

    def remove(self, *, force: bool) -> None:
        self.docker.calls.append("remove container")
        self.docker.removed.set()
