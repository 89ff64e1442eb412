"""What git knows of the rendered directories."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import InputError, ProgramMissingError
from orchestrator.tools.logs import log
from orchestrator.tools.process import Runner

UNCOMMITTED_EPOCH = 315_532_800
"""1980-01-01, the earliest time that every archive format can hold; used for what was never committed."""

_NO_COMMITS = re.compile("not a git repository|does not have any commits yet")


@dataclass(frozen=True, slots=True)
class Checkout:
    """What git has of a folder: paths are relative to the root that it was asked for, with `/` between."""

    prefix: str
    """Where that root lies in its repository: empty, or a path that ends in `/`."""
    is_shallow: bool
    committed: frozenset[str]
    """The files at HEAD."""
    changed: frozenset[str]
    """The files that are not as HEAD has them: changed, new or deleted."""


async def checkout(root: Path, folder: str, *, runner: Runner) -> Checkout:
    """Ask git about `folder` of `root`; raises InputError with git's own words where there is nothing to ask about."""
    prefix, is_shallow, *_ = (
        await _asked(root, "rev-parse", "--show-prefix", "--is-shallow-repository", runner=runner)
    ).split("\n")
    listed = await _asked(root, "ls-tree", "-r", "-z", "--name-only", "HEAD", "--", folder, runner=runner)
    status = ("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
    changed = await _asked(root, *status, "--", folder, runner=runner)
    return Checkout(
        prefix,
        is_shallow == "true",
        frozenset(filter(None, listed.split("\0"))),
        # Two letters and a blank, then the path from the top of the repository.
        frozenset(line[3:].removeprefix(prefix) for line in changed.split("\0") if line),
    )


async def last_commit(root: Path, paths: Sequence[str], *, is_shallow: bool, runner: Runner) -> str:
    """The last commit that changed one of these committed files; raises InputError where a shallow clone ends before.

    The paths are relative to `root`.
    """
    words = (await _asked(root, "log", "-1", "--format=%H %P", "HEAD", "--", *paths, runner=runner)).split()
    if is_shallow and len(words) == 1:
        raise InputError(
            f"{root}: the clone is shallow, and the last commit that changed {paths[0]} may be beyond its end; "
            "`git fetch --unshallow` gets all of them"
        )
    return words[0]


async def _asked(root: Path, *words: str, runner: Runner) -> str:
    finished = await runner.run(
        ("git", "-C", str(root), "--literal-pathspecs", *words), check=False, env={"LC_ALL": "C"}
    )
    if finished.returncode:
        reason = " ".join(finished.stderr.split())
        raise InputError(f"{root}: git does not tell what is committed here ({reason})")
    return finished.stdout


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
        _say_why(root, finished.stderr)
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


async def commit_time(root: Path, *, runner: Runner) -> int | None:
    """Seconds since 1970 of the commit that is checked out; None where there is no git checkout, or none yet."""
    command = ("git", "-C", str(root), "log", "-1", "--format=%ct")
    try:
        finished = await runner.run(command, check=False, env={"LC_ALL": "C"})
    except ProgramMissingError:
        return None
    if finished.returncode:
        _say_why(root, finished.stderr)
    return int(finished.stdout) if finished.stdout.strip().isdigit() else None


def _say_why(root: Path, stderr: str) -> None:
    # Without a commit yet, or without a checkout, there are no times; anything else should not pass in silence.
    if not _NO_COMMITS.search(stderr):
        log.warning("git does not tell commit times", root=str(root), reason=stderr.strip())
