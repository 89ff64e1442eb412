"""Pins dependencies with their hashes; the files name no package index."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = (
    *("uv", "pip", "compile", "--quiet"),
    *("--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-header", "--no-emit-index-url"),
)
FILES = {
    "requirements/dev.txt": ("--group", "dev", "pyproject.toml"),
    "requirements/jenkins.txt": ("requirements/jenkins.in",),
}
"""What the tool and its tests need, and Jenkins Job Builder, which has an environment of its own: where it is named."""


def main() -> None:
    """Write the files with uv."""
    try:
        for file, source in FILES.items():
            subprocess.run((*COMMAND, "--output-file", file, *source), check=True, cwd=ROOT)
    except FileNotFoundError:
        sys.exit("error: `uv` is not on this machine; python3 -m pip install uv")


if __name__ == "__main__":
    main()
