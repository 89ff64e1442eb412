"""Shows how builds go while they run: a live table for people, prefixed lines for logs."""

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from orchestrator.model.outcomes import Outcome, Result
from orchestrator.model.plan import Build
from orchestrator.model.solve import Progress, title
from orchestrator.tools.attempts import Again

_RECENT = 8
"""Finished builds that stay in sight, and as many that failed."""
_GAP = 2
_TIME_WIDTH = 6
_KEPT_END = 14
"""Characters; enough for `: exit code: 7`."""
_STYLES = {Result.BUILT: "green", Result.FAILED: "red", Result.NOT_RUN: "dim", Result.INTERRUPTED: "dim"}


class Display(Protocol):
    """Told of everything that happens to builds."""

    def started(self, build: Build) -> None:
        """A build got its slot."""

    def moved(self, build: Build, progress: Progress) -> None:
        """BuildKit came further."""

    def line(self, build: Build, text: str) -> None:
        """One line of the build's log."""

    def phase(self, build: Build, name: str) -> None:
        """What happens after the build itself: checking, pushing, testing."""

    def retried(self, build: Build, again: Again) -> None:
        """An attempt failed, and another one comes after a wait."""

    def finished(self, outcome: Outcome) -> None:
        """A build came to its end."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Prefixed lines: every line says which build it belongs to, so that they may interleave."""

    file: TextIO

    def started(self, build: Build) -> None:
        self._say(str(build.target), f"started: {build.reason}")

    def moved(self, build: Build, progress: Progress) -> None:
        """Steps show as lines of the log already."""

    def line(self, build: Build, text: str) -> None:
        self._say(str(build.target), text)

    def phase(self, build: Build, name: str) -> None:
        self._say(str(build.target), name)

    def retried(self, build: Build, again: Again) -> None:
        first, *more = again.reason.split("\n")
        self._say(str(build.target), f"attempt {again.attempt} in {again.wait_seconds:g} s: {first}")
        for line in more:
            self._say(str(build.target), line)

    def finished(self, outcome: Outcome) -> None:
        first, *more = outcome.detail.split("\n")
        self._say(outcome.target, f"{outcome.result} in {outcome.seconds:.1f} s" + (f": {first}" if first else ""))
        for line in more:
            self._say(outcome.target, line)

    def _say(self, target: str, text: str) -> None:
        # A reader that went away, such as `head`, ends no build; what it misses is in the logs.
        with contextlib.suppress(BrokenPipeError):
            print(f"{target} | {text}", file=self.file, flush=True)


@dataclass(slots=True)
class _Row:
    start: float
    progress: Progress = field(default_factory=Progress)
    phase: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    target: str
    now: str
    seconds: float | None
    target_style: str = ""
    now_style: str = ""


class LiveTable:
    """A table of what failed, what came last, what runs, and how much is left; as high as the terminal allows."""

    def __init__(self, *, total: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._total = total
        self._rows: dict[str, _Row] = {}
        self._failed: deque[Outcome] = deque(maxlen=_RECENT)
        self._recent: deque[Outcome] = deque(maxlen=_RECENT)
        self._results: Counter[Result] = Counter()

    def started(self, build: Build) -> None:
        self._rows[str(build.target)] = _Row(start=self._clock(), phase=build.reason)

    def moved(self, build: Build, progress: Progress) -> None:
        row = self._rows[str(build.target)]
        row.progress, row.phase = progress, ""

    def line(self, build: Build, text: str) -> None:
        """Lines go to the log alone."""

    def phase(self, build: Build, name: str) -> None:
        self._rows[str(build.target)].phase = name

    def retried(self, build: Build, again: Again) -> None:
        row = self._rows[str(build.target)]
        row.phase = f"attempt {again.attempt} in {again.wait_seconds:g} s: {again.reason.partition(chr(10))[0]}"

    def finished(self, outcome: Outcome) -> None:
        self._rows.pop(outcome.target, None)
        (self._failed if outcome.result is Result.FAILED else self._recent).append(outcome)
        self._results[outcome.result] += 1

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # The last line of the terminal stays free for the cursor, the one above it is the summary's.
        room = max(options.size.height - 2, 1)
        running = [self._running(target, row) for target, row in self._rows.items()]
        if len(running) > room:
            running[room - 1 :] = [_Line(f"and {len(running) - room + 1} more", "", None)]
        failed = [_ended(outcome) for outcome in self._failed]
        recent = [_ended(outcome) for outcome in self._recent]
        shown = _last(failed, room - len(running))
        lines = (*shown, *_last(recent, room - len(running) - len(shown)), *running)
        yield _table(lines, width=options.max_width)
        yield Text(self._summary(), no_wrap=True, overflow="ellipsis")

    def _running(self, target: str, row: _Row) -> _Line:
        now = row.phase or title(row.progress.current)
        return _Line(target, now, self._clock() - row.start, target_style="bold")

    def _summary(self) -> str:
        ended = sum(self._results.values())
        waiting = self._total - ended - len(self._rows)
        results = (f"{count} {result}" for result, count in sorted(self._results.items()))
        return ", ".join((f"{ended} of {self._total} done", *results, f"{len(self._rows)} running, {waiting} waiting"))


def _ended(outcome: Outcome) -> _Line:
    said = f"{outcome.result} {outcome.detail.partition(chr(10))[0]}".strip()
    return _Line(outcome.target, said, outcome.seconds, now_style=_STYLES.get(outcome.result, ""))


def _last(lines: Sequence[_Line], count: int) -> Sequence[_Line]:
    return lines[-count:] if count > 0 else ()


def _table(lines: Sequence[_Line], *, width: int) -> Table:
    """Targets as wide as the longest, up to half of the terminal, then what they do, then how long it has taken."""
    target = min(max((len(line.target) for line in lines), default=0), width // 2)
    now = max(width - target - _TIME_WIDTH - 2 * _GAP, 1)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, _GAP, 0, 0))
    table.add_column("target", no_wrap=True, overflow="ellipsis", width=target)
    table.add_column("now", no_wrap=True, overflow="ellipsis", width=now)
    table.add_column("elapsed", no_wrap=True, justify="right", width=_TIME_WIDTH)
    for line in lines:
        elapsed = "" if line.seconds is None else _time(line.seconds)
        table.add_row(
            Text(line.target, line.target_style), Text(_shortened(line.now, now), line.now_style), Text(elapsed)
        )
    return table


def _shortened(text: str, width: int) -> str:
    """A text without its middle where it is too long: how a failure ended is said last."""
    if len(text) <= width or width < 3 * _KEPT_END:
        return text
    return f"{text[: width - _KEPT_END - 1]}…{text[-_KEPT_END:]}"


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes else f"{seconds:.1f} s"
