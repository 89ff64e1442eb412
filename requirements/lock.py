"""Pins the dependencies of pyproject.toml with their hashes; the file names no package index."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = (
    *("uv", "pip", "compile", "--quiet"),
    *("--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-header", "--no-emit-index-url"),
    *("--group", "dev", "--output-file", "requirements/dev.txt", "pyproject.toml"),
)


def main() -> None:
    """Write dev.txt, what the tool and its tests need, with uv."""
    try:
        subprocess.run(COMMAND, check=True, cwd=ROOT)
    except FileNotFoundError:
        sys.exit("error: `uv` is not on this machine; python3 -m pip install uv")


if __name__ == "__main__":
    main()
