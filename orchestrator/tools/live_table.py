"""A table of builds for people at a terminal: what failed, what came last, what runs, and how much is left."""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from orchestrator.model.outcomes import Again, Outcome, Result
from orchestrator.model.plan import Build
from orchestrator.model.sizes import size
from orchestrator.model.solve import Progress, title
from orchestrator.tools.live_rows import Row, drawn, heading_lines

_RECENT = 8
"""Finished builds that stay in sight, and as many that failed."""
_STYLES = {Result.BUILT: "green", Result.FAILED: "red"}


@dataclass(slots=True)
class _Running:
    build: Build
    start: float
    progress: Progress = field(default_factory=Progress)
    phase: str = ""


class LiveTable:
    """A display that can be drawn at any moment, as wide and at most as high as the terminal."""

    def __init__(self, *, queue: Mapping[str, str], clock: Callable[[], float]) -> None:
        """`queue` has every build of the run, by the name of its target: the builder that it waits for."""
        self._clock = clock
        self._start = clock()
        self._total = len(queue)
        self._waiting = dict(queue)
        self._has_queues = len(set(queue.values())) > 1
        self._running: dict[str, _Running] = {}
        self._failed: deque[Outcome] = deque(maxlen=_RECENT)
        self._recent: deque[Outcome] = deque(maxlen=_RECENT)
        self._results: Counter[Result] = Counter()
        self._pushed: dict[str, tuple[int, int]] = {}
        """Bytes that have arrived, and bytes in all, by target."""

    def started(self, build: Build) -> None:
        self._waiting.pop(str(build.target), None)
        self._running[str(build.target)] = _Running(build, self._clock(), phase=build.reason)

    def moved(self, build: Build, progress: Progress) -> None:
        running = self._running[str(build.target)]
        running.progress, running.phase = progress, ""

    def line(self, build: Build, text: str) -> None:
        """Lines go to the log alone."""

    def phase(self, build: Build, name: str) -> None:
        self._running[str(build.target)].phase = name

    def pushed(self, build: Build, count: int, total: int) -> None:
        self._pushed[str(build.target)] = (count, total)

    def retried(self, build: Build, again: Again) -> None:
        reason = again.reason.partition("\n")[0]
        self._running[str(build.target)].phase = f"attempt {again.attempt} in {again.wait_seconds:g} s: {reason}"

    def finished(self, outcome: Outcome) -> None:
        self._waiting.pop(outcome.target, None)
        self._running.pop(outcome.target, None)
        (self._failed if outcome.result is Result.FAILED else self._recent).append(outcome)
        self._results[outcome.result] += 1

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        below = (self._summary(), *self._queues())
        width = options.max_width
        # The last line of the terminal stays free for the cursor.
        room = options.size.height - 1 - len(below) - heading_lines(width)
        yield drawn(self._rows(max(room, 1)), width=width)
        for text in below:
            yield Text(text, no_wrap=True, overflow="ellipsis")

    def _rows(self, room: int) -> Sequence[Row]:
        """As many rows as there is room for; what runs matters most, then what failed, then what came last."""
        running = [self._row(running) for running in self._running.values()]
        if len(running) > room:
            running[room - 1 :] = [Row(f"and {len(running) - room + 1} more")]
        failed = _last(self._failed, room - len(running))
        recent = _last(self._recent, room - len(running) - len(failed))
        return (*map(_ended, failed), *map(_ended, recent), *running)

    def _row(self, running: _Running) -> Row:
        target, progress = running.build.target, running.progress
        done, known = progress.steps
        return Row(
            target.facts.name,
            target.arch,
            now=running.phase or title(progress.current),
            steps=f"{done}/{known}" if known else "",
            cached=str(progress.cached or ""),
            pushed=_pushed(*self._pushed.get(str(target), (0, 0))),
            time=_time(self._clock() - running.start),
            target_style="bold",
        )

    def _summary(self) -> str:
        ended = sum(self._results.values())
        results = [f"{count} {result}" for result, count in sorted(self._results.items())]
        counts = (*results, f"{len(self._running)} running", f"{len(self._waiting)} waiting")
        return f"{ended} of {self._total} in {_time(self._clock() - self._start)}: {', '.join(counts)}"

    def _queues(self) -> Sequence[str]:
        """How many wait for each builder, where there are several."""
        if not (self._has_queues and self._waiting):
            return ()
        counts = Counter(self._waiting.values()).most_common()
        return ("waiting for " + ", ".join(f"{builder}: {count}" for builder, count in counts),)


def _ended(outcome: Outcome) -> Row:
    return Row(
        outcome.target.removesuffix(f"@{outcome.arch}"),
        outcome.arch,
        now=f"{outcome.result} {outcome.detail.partition(chr(10))[0]}".strip(),
        steps=f"{outcome.steps}/{outcome.steps}" if outcome.steps else "",
        cached=str(outcome.cached_steps or ""),
        pushed=size(outcome.size) if outcome.size else "",
        time=_time(outcome.seconds),
        now_style=_STYLES.get(outcome.result, "dim"),
        is_ended=True,
    )


def _pushed(count: int, total: int) -> str:
    if not total:
        return ""
    return size(total) if count == total else f"{size(count)} of {size(total)}"


def _last(outcomes: Sequence[Outcome], count: int) -> Sequence[Outcome]:
    return list(outcomes)[-count:] if count > 0 else ()


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{seconds:.1f} s"
