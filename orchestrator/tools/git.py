"""What git knows of the rendered directories."""

from collections.abc import Iterable
from pathlib import Path

from orchestrator.errors import CommandError, ProgramMissingError
from orchestrator.tools.process import Runner

UNCOMMITTED_EPOCH = 315_532_800
"""1980-01-01, the earliest time that every archive format can hold; used for what was never committed."""


async def commit_times(root: Path, folder: str, *, runner: Runner) -> dict[str, int]:
    """Seconds since 1970 of the last commit below `folder` of `root`, by directory (relative to `root`, `/` between).

    One question to git for all of them. Empty where `root` is not a git checkout.
    """
    command = (
        "git",
        "-C",
        str(root),
        "log",
        "--format=%x00%ct",
        "--name-only",
        "--relative",
        "--no-renames",
        "--",
        folder,
    )
    try:
        finished = await runner.run(command)
    except (CommandError, ProgramMissingError):
        return {}
    times: dict[str, int] = {}
    for commit in finished.stdout.split("\0")[1:]:
        time, *paths = commit.splitlines()
        for directory in {path.rpartition("/")[0] for path in paths if path}:
            times.setdefault(directory, int(time))
    return times


def newest(directory: str, times: dict[str, int]) -> int:
    """The time of the last commit that touched a directory or anything below it."""
    below: Iterable[int] = (
        time for path, time in times.items() if path == directory or path.startswith(f"{directory}/")
    )
    return max(below, default=UNCOMMITTED_EPOCH)
