"""What a run was given from outside: folders, environment, clock, and the door to other programs."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.commands.interruption import Interruption
from orchestrator.tools.process import Runner

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Invocation:
    """Made once, by `cli`, which alone reads the environment and the clock; handed to each verb."""

    root: Path
    """The folder of the image: versions.json, orchestrator.yaml, templates."""
    state: Path
    """What this machine keeps between runs and between checkouts: engine, local registry, source cache."""
    environment: Mapping[str, str]
    overrides: Mapping[str, str]
    """Configuration given as options, by key."""
    runner: Runner
    now: Callable[[], datetime]
    """The time in UTC."""
    machine: str
    """What `uname -m` says of this machine."""
    interactive: bool
    """Whether a person watches stderr."""
    folder: str = ""
    """That of the image as `-C` named it; empty without."""
    host: str = ""
    """What this machine is called; empty where it has no name."""

    @property
    def source_cache(self) -> Path:
        """Where downloads are kept, for all checkouts of this machine."""
        return self.state / "sources"

    @property
    def registry_cache(self) -> Path:
        """Where what registries said before is kept; may be deleted at any time."""
        return self.state / "registry-cache"


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a verb's work; a signal ends it by cancelling, so that nothing is left running, a second one at once."""
    interruption = Interruption()

    async def interruptible() -> T:
        interruption.of_this_task()
        return await work

    with interruption.listening():
        return asyncio.run(interruptible())
