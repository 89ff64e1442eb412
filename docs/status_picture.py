"""Draws README's picture of the status page: real builds of the example, some of them stale or failing, in a browser.

Run it by `make picture`. It works in folders and with a registry of its own, and leaves nothing else behind.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.chromium import PageError, chromium

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent / "examples" / "hello"
LAST_LINE = 'CMD ["hello"]'
# The byte of an ELF header that says that a program is for s390x; only its image shall fail.
FAILING = (
    """RUN case "$(od -An -t u1 -j 19 -N 1 /bin/busybox)" in """
    """*22*) echo "greetings: no such word" >&2; exit 1 ;; esac"""
)
WIDTH, HEIGHT = 1280, 1180


def main() -> int:
    """Make the image family, its troubles and the page; a step that fails ends it with its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        state, root = Path(folder, "state"), Path(folder, "hello")
        shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("out"))
        try:
            _make(root, state)
            asyncio.run(_draw(root / "status.html"))
        except subprocess.CalledProcessError as error:
            return error.returncode
        except PageError as error:
            print(f"picture: {error}", file=sys.stderr)
            return 1
        finally:
            _run(root, state, "registry", "down", "--purge", check=False)
            _run(root, state, "engine", "down", "--purge", check=False)
    return 0


def _make(root: Path, state: Path) -> None:
    _run(root, state, "engine", "up")
    _run(root, state, "registry", "up")
    _run(root, state, "bases", "import", "busybox:trixie", "--arch", "all")
    _run(root, state, "build", "--arch", "all")
    _run(root, state, "publish")
    _edit(root / "templates/dockerfile/slim.j2", f"LABEL org.example.of=slim\n{LAST_LINE}")
    _run(root, state, "build", "--variant", "slim", "--version", "2.0", "--arch", "all")
    _run(root, state, "publish", "--variant", "slim", "--version", "2.0")
    _edit(root / "templates/dockerfile/debian.j2", f"{FAILING}\n{LAST_LINE}")
    _run(root, state, "build", "--variant", "debian", "--version", "2.0", "--arch", "all", check=False)
    _run(root, state, "status", "--html", str(root / "status.html"))


def _edit(template: Path, text: str) -> None:
    template.write_text(template.read_text(encoding="utf-8").replace(LAST_LINE, text), encoding="utf-8")


def _run(root: Path, state: Path, *words: str, check: bool = True) -> None:
    command = (sys.executable, "-m", "orchestrator", "-C", str(root), *words)
    subprocess.run(command, check=check, env={**os.environ, "ORCHESTRATOR_STATE": str(state)}, stdout=sys.stderr)


async def _draw(page: Path) -> None:
    async with chromium() as tab:
        await tab.open(page.as_uri(), width=WIDTH, height=HEIGHT)
        (HERE / "status.png").write_bytes(await tab.picture())


if __name__ == "__main__":
    sys.exit(main())
