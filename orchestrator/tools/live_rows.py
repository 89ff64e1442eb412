"""Rows of the live table: one build each, in as many columns as the terminal has room for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

_WIDE = 140
"""From so many columns of the terminal on each fact has its own."""
_GAP = 2
_KEPT_BEGINNING = 8
"""Characters of a name that is too long; enough for its line."""
_KEPT_END = 14
"""Characters of what became of a build; enough for `: exit code: 7`."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is shown of one build; where it is no build, of something else that `target` names."""

    target: str
    """Without the arch."""
    arch: str = ""
    now: str = ""
    """What it does, or what became of it."""
    steps: str = ""
    """How many instructions are done, of those that are known."""
    cached: str = ""
    """How many of them were."""
    pushed: str = ""
    """How many bytes."""
    time: str = ""
    target_style: str = ""
    now_style: str = ""
    is_ended: bool = False

    @property
    def name(self) -> str:
        return f"{self.target}@{self.arch}" if self.arch else self.target


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    text: Callable[[Row], str]
    style: Callable[[Row], str] = lambda _: ""
    kept_end: Callable[[Row, int], int] = lambda _row, _width: 0
    """How much stays of the end of what is wider than the column, instead of the middle."""
    share: float = 1.0
    """The most that it takes of the terminal."""
    is_rest: bool = False
    """It takes what the others leave."""
    is_number: bool = False


_TARGET = _Column(
    "target",
    lambda row: row.target,
    style=lambda row: row.target_style,
    kept_end=lambda _, width: width - _KEPT_BEGINNING - 1,
    share=0.4,
)
_NOW = _Column(
    "now",
    lambda row: row.now,
    style=lambda row: row.now_style,
    kept_end=lambda row, _: _KEPT_END if row.is_ended else 0,
    is_rest=True,
)
_TIME = _Column("time", lambda row: row.time, is_number=True)
_NARROW = (
    replace(_TARGET, text=lambda row: row.name),
    replace(_NOW, text=lambda row: ", ".join(filter(None, (row.now, row.pushed)))),
    _TIME,
)
_ALL = (
    _TARGET,
    _Column("arch", lambda row: row.arch),
    _Column("steps", lambda row: row.steps, is_number=True),
    _Column("cached", lambda row: row.cached, is_number=True),
    _NOW,
    _Column("pushed", lambda row: row.pushed, is_number=True),
    _TIME,
)


def heading_lines(width: int) -> int:
    """How many lines a table so wide has besides those of its rows."""
    return int(width >= _WIDE)


def drawn(rows: Sequence[Row], *, width: int) -> Table:
    """The rows under each other, a line each."""
    is_wide = width >= _WIDE
    columns = _ALL if is_wide else _NARROW
    table = Table(box=None, show_header=is_wide, header_style="dim", pad_edge=False, padding=(0, _GAP, 0, 0))
    widths = _widths(columns, rows, width=width)
    for column, its_width in zip(columns, widths, strict=True):
        justify: JustifyMethod = "right" if column.is_number else "left"
        table.add_column(column.heading, no_wrap=True, overflow="ellipsis", width=its_width, justify=justify)
    for row in rows:
        table.add_row(*(_cell(column, row, its_width) for column, its_width in zip(columns, widths, strict=True)))
    return table


def _widths(columns: Sequence[_Column], rows: Sequence[Row], *, width: int) -> list[int]:
    """Each as wide as its widest text, up to its share; what is left goes to the one that takes it."""

    def wanted(column: _Column) -> int:
        heading = len(column.heading) if heading_lines(width) else 0
        return min(max((heading, *(len(column.text(row)) for row in rows))), int(width * column.share))

    fixed = [0 if column.is_rest else wanted(column) for column in columns]
    rest = max(width - sum(fixed) - _GAP * (len(columns) - 1), 1)
    return [rest if column.is_rest else its_width for column, its_width in zip(columns, fixed, strict=True)]


def _cell(column: _Column, row: Row, width: int) -> Text:
    """The text of a cell; where it is too long and its end counts, without its middle."""
    text = column.text(row)
    kept = column.kept_end(row, width)
    if len(text) > width and 0 < kept <= width - _KEPT_BEGINNING:
        text = f"{text[: width - kept - 1]}…{text[-kept:]}"
    return Text(text, column.style(row))
