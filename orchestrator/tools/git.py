"""What git knows of the rendered directories."""

import re
from pathlib import Path

import structlog

from orchestrator.errors import ProgramMissingError
from orchestrator.tools.process import Runner

UNCOMMITTED_EPOCH = 315_532_800
"""1980-01-01, the earliest time that every archive format can hold; used for what was never committed."""

_NO_COMMITS = re.compile("not a git repository|does not have any commits yet")

log = structlog.get_logger()


async def commit_times(root: Path, folder: str, *, runner: Runner) -> dict[str, int]:
    """Seconds since 1970 of the last commit below `folder` of `root`, by directory (relative to `root`, `/` between).

    One question to git for all of them. Empty where `root` is not a git checkout, or git does not tell.
    """
    command = (
        *("git", "-C", str(root), "-c", "core.quotePath=false"),
        *("log", "--format=%x00%ct", "--name-only", "--relative", "--no-renames"),
        *("--", folder),
    )
    try:
        finished = await runner.run(command, check=False, env={"LC_ALL": "C"})
    except ProgramMissingError:
        return {}
    if finished.returncode:
        # Without a commit yet, or without a checkout, there are no times; anything else should not pass in silence.
        if not _NO_COMMITS.search(finished.stderr):
            log.warning("git does not tell commit times", root=str(root), reason=finished.stderr.strip())
        return {}
    times: dict[str, int] = {}
    for commit in finished.stdout.split("\0")[1:]:
        time, *paths = commit.splitlines()
        for directory in {path.rpartition("/")[0] for path in paths if path}:
            times.setdefault(directory, int(time))
    return times


def newest(directory: str, times: dict[str, int]) -> int:
    """The time of the last commit that touched a directory or anything below it."""
    below = (time for path, time in times.items() if path == directory or path.startswith(f"{directory}/"))
    return max(below, default=UNCOMMITTED_EPOCH)
