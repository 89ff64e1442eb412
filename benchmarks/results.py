"""Results of benchmarks: as rows of a table for people, and as a document for programs."""

from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.measuring import Measured
from orchestrator.model.sizes import size

_HEAD = ("| what | orchestrator | compared with | |", "|---|---|---|---|")
_MUCH_FASTER = 0.7


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured."""

    what: str
    ours: Measured
    note: str = ""
    """What else is known of our run."""
    other: Measured | None = None
    """What it is compared with; nothing where there is no honest peer."""
    named: str = ""
    """The peer's name, in Markdown."""
    shows_memory: bool = False

    @property
    def ratio(self) -> float | None:
        """Our time by the other's."""
        return self.ours.seconds / self.other.seconds if self.other else None


@dataclass(frozen=True, slots=True)
class Results:
    """All rows of one run, and the machine that made them."""

    machine: str
    rows: tuple[Row, ...]


def document(results: Results) -> dict[str, Any]:
    """`out/bench.json`, schema 1; times in seconds, memory in bytes."""
    return {
        "schema": 1,
        "machine": results.machine,
        "rows": [
            {
                "what": row.what,
                "orchestrator": asdict(row.ours),
                "note": row.note,
                "compared_with": row.named or None,
                "other": asdict(row.other) if row.other else None,
                "ratio": row.ratio,
            }
            for row in results.rows
        ],
    }


def markdown(results: Results) -> str:
    """The table for README.md, with the machine under it."""
    lines = [f"| {row.what} | {_ours(row)} | {_other(row)} | {_verdict(row)} |" for row in results.rows]
    return "\n".join((*_HEAD, *lines, "", f"Measured by `make bench` on {results.machine}.", ""))


def _ours(row: Row) -> str:
    memory = size(row.ours.peak_bytes) if row.shows_memory else ""
    return ", ".join(filter(None, (_time(row.ours.seconds), memory, row.note)))


def _other(row: Row) -> str:
    return f"{row.named}: {_time(row.other.seconds)}" if row.other else ""


def _verdict(row: Row) -> str:
    if row.ratio is None:
        return ""
    return f"{_factor(1 / row.ratio)} times as fast" if row.ratio <= _MUCH_FASTER else f"{row.ratio:.2f} times as long"


def _factor(factor: float) -> str:
    return f"{factor:.0f}" if factor >= 10 else f"{factor:.1f}"


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 10 else f"{seconds:.2f} s"
