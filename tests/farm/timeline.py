"""The timeline of a farm: what each machine did when, as a chart for a terminal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WIDTH = 96
_LABEL_EVERY = 16
# From the least to the most telling: where several fall into one column, the last of these is shown.
_SIGNS = "-#AS!x"
LEGEND = (
    "- a job runs   # an image is built   A an arch tag moved   S a shared tag moved   ! refused   x the machine died"
)


@dataclass(frozen=True, slots=True)
class Span:
    """Something that took its time on a machine; times are seconds."""

    machine: str
    sign: str
    """One of those in LEGEND."""
    began: float
    ended: float
    arch: str = ""
    """What is built."""


def mark(machine: str, sign: str, at: float) -> Span:
    """Something that happened at once."""
    return Span(machine, sign, at, at)


def chart(spans: Sequence[Span], machines: Sequence[str], *, width: int = _WIDTH) -> str:
    """A row for each machine, time from left to right, with the seconds above."""
    if not spans:
        return ""
    start = min(span.began for span in spans)
    second = max(max(span.ended for span in spans) - start, 1.0) / width
    margin = max(map(len, machines)) + 2
    rows = [[" "] * (width + 1) for _ in machines]
    for span in sorted(spans, key=lambda span: _SIGNS.index(span.sign)):
        row = rows[machines.index(span.machine)]
        for column in range(int((span.began - start) / second), int((span.ended - start) / second) + 1):
            row[column] = span.sign
    ticks = "".join(f"{column * second:.0f}s".ljust(_LABEL_EVERY) for column in range(0, width, _LABEL_EVERY))
    drawn = (name.ljust(margin) + "".join(row) for name, row in zip(machines, rows, strict=True))
    lines = (" " * margin + ticks, *drawn, " " * margin + LEGEND)
    return "\n".join(line.rstrip() for line in lines)


def at_once(spans: Iterable[Span]) -> tuple[str, ...]:
    """The architectures of the moment at which most of them were built side by side."""
    built = [span for span in spans if span.sign == "#"]
    moments = [{other.arch for other in built if other.began <= span.began < other.ended} for span in built]
    fullest = max(moments, key=len) if moments else set()
    return tuple(sorted(fullest))
