"""How long a plan takes, and how much memory, for families of many builds."""

import json
import math
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.images import copy_shipped
from benchmarks.measuring import Measured, by_turns, measured, read
from benchmarks.place import ROOT, TOOL
from benchmarks.results import Row

_LINE = "3.14"
_BUILDS_OF_A_LINE = 44
_FIRST_NEW = 100


def rows(sizes: Iterable[int], *, rounds: int) -> Iterator[Row]:
    """Plan families of so many builds, with a registry that answers at once, in processes of their own."""
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            _grow(Path(name), lines=math.ceil(size / _BUILDS_OF_A_LINE))
            read((*TOOL, "-C", name, "render"))
            [planned] = by_turns(rounds, partial(_planned, name, size))
        yield Row(f"plan of {size} builds, rendered from the shipped templates", planned, shows_memory=True)


def _grow(folder: Path, *, lines: int) -> None:
    """Write the shipped image with more lines: copies of one of its own under other numbers."""
    path = copy_shipped(folder) / "versions.json"
    versions = json.loads(path.read_text())
    numbers = range(_FIRST_NEW, _FIRST_NEW + lines)
    copies = {f"3.{number}": {**versions[_LINE], "version": f"3.{number}.0"} for number in numbers}
    path.write_text(json.dumps({**versions, **copies}))


def _planned(folder: str, size: int) -> Measured:
    return measured((sys.executable, "-m", "benchmarks.plan_alone", folder, str(size)), cwd=ROOT)
