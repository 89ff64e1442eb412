"""Which display a run has: a live table, prefixed lines or events, and all that are told of the same builds."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live

from orchestrator.model.outcomes import Again, Outcome
from orchestrator.model.plan import Build
from orchestrator.model.solve import Progress
from orchestrator.tools.live_table import LiveTable
from orchestrator.tools.progress import Display, Lines, Mode

_REFRESH_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Several:
    """Tells each of several displays."""

    displays: tuple[Display, ...]

    def started(self, build: Build) -> None:
        for display in self.displays:
            display.started(build)

    def moved(self, build: Build, progress: Progress) -> None:
        for display in self.displays:
            display.moved(build, progress)

    def line(self, build: Build, text: str) -> None:
        for display in self.displays:
            display.line(build, text)

    def phase(self, build: Build, name: str) -> None:
        for display in self.displays:
            display.phase(build, name)

    def pushed(self, build: Build, count: int, total: int) -> None:
        for display in self.displays:
            display.pushed(build, count, total)

    def retried(self, build: Build, again: Again) -> None:
        for display in self.displays:
            display.retried(build, again)

    def finished(self, outcome: Outcome) -> None:
        for display in self.displays:
            display.finished(outcome)


@contextlib.asynccontextmanager
async def display(
    mode: Mode, *, interactive: bool, queue: Mapping[str, str], events: Display
) -> AsyncIterator[Display]:
    """The display for people on stderr, `events` told of the same; those alone where stderr is for programs.

    `queue` has every build of the run, by the name of its target: the builder that it waits for.
    """
    if mode is Mode.JSON:
        yield events
        return
    if mode is Mode.LINES or (mode is Mode.AUTO and not interactive):
        yield Several((events, Lines(sys.stderr)))
        return
    table = LiveTable(queue=queue, clock=asyncio.get_running_loop().time)
    # Refreshed by a task of our own: rich's thread would draw the table while it changes.
    with Live(table, console=Console(stderr=True), auto_refresh=False, transient=True) as live:
        refreshing = asyncio.create_task(_refresh(live))
        try:
            yield Several((events, table))
        finally:
            refreshing.cancel()
            live.refresh()


async def _refresh(live: Live) -> None:
    while True:
        live.refresh()
        await asyncio.sleep(_REFRESH_SECONDS)
