"""Writes README's excerpt of a report: the beginning of what `report` says of the demo's image.

Run it by `make picture`, after `make demo`.
"""

import itertools
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from docs.marked import placed

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "hello"
IMAGE = "hello:latest"
PLATFORMS = 2


def main() -> int:
    """Ask for the report and put its beginning into README.md."""
    command = (sys.executable, "-m", "orchestrator", "-C", str(EXAMPLE), "report", IMAGE, "--format", "markdown")
    ran = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if ran.returncode:
        return ran.returncode
    excerpt = "\n".join(beginning(ran.stdout.splitlines())).rstrip()
    readme = ROOT / "README.md"
    part = f"````markdown\n{excerpt}\n...\n````\n"
    readme.write_text(placed(readme.read_text(encoding="utf-8"), part, by="picture"), encoding="utf-8")
    return 0


def beginning(lines: Iterable[str]) -> Iterator[str]:
    """The report's lines up to where its second platform begins."""
    headings = itertools.count(1)
    return itertools.takewhile(lambda line: not line.startswith("### ") or next(headings) < PLATFORMS, lines)


if __name__ == "__main__":
    sys.exit(main())
