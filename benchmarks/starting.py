"""How long the command line takes to start, and one process to render everything that the tool ships with."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.images import copy_shipped
from benchmarks.measuring import Measured, by_turns, measured
from benchmarks.place import TOOL
from benchmarks.results import Row

# The least that a script of this kind can do: read a value, put it where it belongs, nothing checked.
_FILL_IN = """\
set -eu
for line in $(jq -r 'keys[]' versions.json); do
    for variant in $(jq -r --arg line "$line" '.[$line].variants[]' versions.json); do
        mkdir -p "filled/$line/$variant"
        version=$(jq -r --arg line "$line" '.[$line].version' versions.json)
        awk -v version="$version" '{ sub(/PYTHON_VERSION=.*/, "PYTHON_VERSION=" version); print }' \\
            "dockerfiles/$line/$variant/Dockerfile" > "filled/$line/$variant/Dockerfile"
    done
done
"""


def rows(*, rounds: int) -> Iterator[Row]:
    """Start, and render the shipped image, each time in a process of its own."""
    start, python = by_turns(
        rounds, partial(measured, (*TOOL, "--version")), partial(measured, (sys.executable, "-c", "pass"))
    )
    yield Row("starting: `orchestrator --version`", start, "", python, "`python -c pass`")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        root = copy_shipped(Path(name))
        rendered, filled = by_turns(rounds, partial(_rendered, root), partial(_filled, root))
        count = len(list(root.glob("dockerfiles/**/Dockerfile")))
    loop = "a loop of `jq` and `awk` that only fills in versions"
    yield Row(f"rendering {count} Dockerfiles", rendered, "", filled, loop)


def _rendered(root: Path) -> Measured:
    shutil.rmtree(root / "dockerfiles", ignore_errors=True)
    return measured((*TOOL, "-C", str(root), "render"))


def _filled(root: Path) -> Measured:
    return measured(("sh", "-c", _FILL_IN), cwd=root)
