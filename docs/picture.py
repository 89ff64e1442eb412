"""Draws README's picture: what `make demo` really prints, as an SVG. Run it by `make picture`, after `make demo`."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "examples" / "hello" / "demo.py"
COLUMNS = 148
# rich would have the reader's browser fetch a font.
_FONT_FACE = re.compile(r"@font-face \{.*?\}", re.DOTALL)


def main() -> int:
    """Run the demo once more, which has nothing left to do, and draw its output."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    command = [sys.executable, str(DEMO)]
    ran = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
    if ran.returncode:
        sys.stderr.buffer.write(ran.stdout)
        return ran.returncode
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(ran.stdout.decode()))
    svg = _FONT_FACE.sub("", console.export_svg(title="make demo"))
    (HERE / "demo.svg").write_text(svg, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
