"""What a run was given from outside: folders, environment, clock, and the door to other programs."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

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

    @property
    def source_cache(self) -> Path:
        """Where downloads are kept, for all checkouts of this machine."""
        return self.state / "sources"


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a verb's work; SIGTERM and SIGHUP end it as Ctrl-C does, by cancelling, so that nothing is left running."""

    async def cancellable() -> T:
        task = asyncio.current_task()
        for number in (signal.SIGTERM, signal.SIGHUP):
            # What is ignored already, as under `nohup`, stays so.
            if task is not None and signal.getsignal(number) is not signal.SIG_IGN:
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await work

    return asyncio.run(cancellable())
