"""Recorded and expected texts, and the one way to write expected ones anew.

`make golden` writes what the tests find; `git diff` shows what changed, and review decides. In CI nothing is written.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).parent
DOCKERFILES = tuple(sorted((FOLDER / "dockerfiles").iterdir()))
"""Dockerfiles that are hard to read."""

# Read when tests are collected: within a test the environment is hidden.
_WRITES = os.environ.get("GOLDEN") == "write"
if _WRITES and os.environ.get("CI", "") not in ("", "0", "false"):
    raise RuntimeError("GOLDEN=write is refused in CI: what is expected must be seen by somebody first")


def dockerfile(name: str) -> str:
    """One of the corpus, its bytes as they are: universal newlines would mend what is to be read."""
    return (FOLDER / "dockerfiles" / f"{name}.Dockerfile").read_bytes().decode()


def rawjson(name: str) -> bytes:
    """What buildx 0.13.1 wrote in a real build; only names of the machine were replaced."""
    return (FOLDER / "rawjson" / f"{name}.txt").read_bytes()


def expected(name: str, actual: str) -> str:
    """The golden text of that name; with GOLDEN=write it becomes what the test found."""
    path = FOLDER / name
    if _WRITES:
        path.write_text(actual, encoding="utf-8", newline="\n")
    return path.read_text(encoding="utf-8")
