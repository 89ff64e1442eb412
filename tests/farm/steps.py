"""What runs of jobs do on an agent: the steps of templates/jenkins, in their words; tests hold the two together."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

PREPARE = 'rm -rf out "$DOCKER_CONFIG" && mkdir out && mkdir -m 700 -p "$DOCKER_CONFIG"'
READY = "make .venv/ready"
FORGET = 'rm -rf "$DOCKER_CONFIG"'
# Jenkins has a step of its own for this.
_CHECKOUT = 'git init --quiet && git fetch --quiet "$ORIGIN" HEAD && git checkout --quiet --force FETCH_HEAD'

_T = TypeVar("_T")


class AgentLostError(Exception):
    """The agent of a run went away."""


class StepFailedError(Exception):
    """A step failed, and with it the run."""


class Agent(Protocol):
    """Where commands run."""

    @property
    def name(self) -> str: ...

    @property
    def root(self) -> Path:
        """Its disk."""

    @property
    def origin(self) -> Path:
        """Where it fetches from."""

    async def sh(self, script: str, *, workspace: Path, log: Path, environment: Mapping[str, str]) -> int:
        """Run a script; returns its exit code. Raises AgentLostError."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the steps of one run are carried out."""

    agent: Agent
    workspace: Path
    log: Path
    environment: Mapping[str, str]

    async def status(self, script: str) -> int:
        return await self.agent.sh(script, workspace=self.workspace, log=self.log, environment=self.environment)

    async def sh(self, script: str) -> None:
        """Run a script that must not fail; raises StepFailedError."""
        if code := await self.status(script):
            raise StepFailedError(f"{script} ended with {code}")


def place(agent: Agent, workspace: Path, log: Path, settings: Any, **variables: str) -> Place:
    """A place for the steps of a run, with all that its pipeline puts into the environment."""
    given = dict(pair.partition("=")[::2] for pair in settings["environment"])
    own = {"DOCKER_CONFIG": f"{workspace}@tmp/docker", "REGISTRY": settings["registry"], "ORIGIN": str(agent.origin)}
    return Place(agent, workspace, log, {**given, **own, **variables})


async def in_checkout(where: Place, work: Callable[[], Awaitable[_T]], *, minutes: float) -> _T:
    """Work in a checkout, with a Docker configuration that is gone afterwards.

    Raises StepFailedError, AgentLostError, and TimeoutError when it takes longer.
    """
    async with asyncio.timeout(minutes * 60):
        await where.sh(_CHECKOUT)
        try:
            await where.sh(PREPARE)
            await where.sh(READY)
            return await work()
        finally:
            await where.sh(FORGET)


async def command(where: Place, words: str, repeat: Any, *, pause_seconds: float) -> tuple[int, ...]:
    """Run a command, once more if its exit code says that this may help; returns all its exit codes."""
    first = await where.status(words)
    if first not in repeat["exit_codes"]:
        return (first,)
    await asyncio.sleep(pause_seconds)
    return first, await where.status(words)


def keep(where: Place, patterns: str, to: Path) -> None:
    """Archive the files that are there of those that Jenkins' patterns name."""
    for pattern in patterns.split(", "):
        # In Jenkins' patterns two stars at the end are all files below; in Python's they are the folders.
        found = where.workspace.glob(f"{pattern}/*" if pattern.endswith("**") else pattern)
        for path in filter(Path.is_file, found):
            copy = to / path.relative_to(where.workspace)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
