"""Which display a run has: a live table, prefixed lines or events, and all that are told of the same builds."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
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
    mode: Mode, *, interactive: bool, queue: Mapping[str, str], events: Display, console: Console | None = None
) -> AsyncIterator[Display]:
    """The display for people on stderr, `events` told of the same; those alone where stderr is for programs.

    `queue` has every build of the run, by the name of its target: the builder that it waits for. `console` is stderr,
    unless one is given; where it is no terminal that can be drawn on, there are lines whatever was asked for.
    """
    if mode is Mode.JSON:
        yield events
        return
    console = console or Console(stderr=True)
    is_wanted = mode is Mode.TABLE or (mode is Mode.AUTO and interactive)
    if not is_wanted or not console.is_terminal or console.is_dumb_terminal:
        yield Several((events, Lines(sys.stderr)))
        return
    table = LiveTable(queue=queue, clock=asyncio.get_running_loop().time)
    with _drawn(table, console):
        yield Several((events, table))


@contextlib.contextmanager
def _drawn(table: LiveTable, console: Console) -> Iterator[None]:
    """Draw a table until the block ends; it stays in sight where that is before its time, for then nothing follows."""
    # Refreshed by a task of our own: rich's thread would draw the table while it changes.
    with Live(table, console=console, auto_refresh=False, transient=True) as live:
        refreshing = asyncio.create_task(_refresh(live))
        try:
            yield
        except BaseException:
            live.transient = False
            raise
        finally:
            refreshing.cancel()
            live.refresh()


async def _refresh(live: Live) -> None:
    while True:
        live.refresh()
        await asyncio.sleep(_REFRESH_SECONDS)
