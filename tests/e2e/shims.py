"""Programs that stand in Docker's client's way when it is to build: real processes, found first on PATH."""

import os
import shutil
from pathlib import Path

# Everything but building goes to the real one; `asked` has a line for each build.
SHIM = """#!/bin/sh
if [ "$1 $2" = "buildx build" ]; then
    echo once >> {folder}/asked
    {instead}
fi
exec {docker} "$@"
"""
HANG = "exec sleep 600"
DEAF = "trap '' TERM INT; while :; do sleep 1; done"
LOST_ONCE = (
    "if [ $(wc -l < {folder}/asked) = 1 ]; then "
    "echo 'ERROR: failed to solve: rpc error: code = Unavailable desc = error reading from server: EOF' >&2; exit 1; fi"
)


def shim(folder: Path, instead: str) -> dict[str, str]:
    """An environment in which building goes through something in place of Docker's client."""
    folder.mkdir(exist_ok=True)
    text = SHIM.format(instead=instead.format(folder=folder), docker=shutil.which("docker"), folder=folder)
    (folder / "docker").write_text(text)
    (folder / "docker").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}
