"""A folder for the passing files of one run: gone with it, or swept away by the next run when it was killed."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from orchestrator.errors import LocalOutputError
from orchestrator.tools import servers
from orchestrator.tools.claims import abandoned, claimed
from orchestrator.tools.logs import log
from orchestrator.tools.servers import Server

_PROGRAMS = frozenset({"docker", "docker-buildx"})
_GRACE_SECONDS = 10.0


class Stop(Protocol):
    """Ends processes."""

    async def __call__(self, processes: Iterable[Server], /, *, grace_seconds: float) -> None:
        """As `servers.stop` promises it."""


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder of this run's own below `folder`, which several runs may share; raises LocalOutputError."""
    with contextlib.ExitStack() as ours:
        try:
            for left in abandoned(folder):
                shutil.rmtree(left, ignore_errors=True)
            mine = ours.enter_context(claimed(folder, lambda: Path(tempfile.mkdtemp(prefix="run-", dir=folder))))
        except OSError as error:
            raise LocalOutputError(f"{folder}: {error.strerror}; builds need a place for passing files") from error
        try:
            yield mine
        finally:
            shutil.rmtree(mine, ignore_errors=True)


async def end_left(folder: Path, *, proc: Path = servers.PROC, stop: Stop = servers.stop) -> None:
    """End the builds that killed runs left at work in their folders below `folder`.

    By itself buildx ends when it has something to say and nobody reads it; until then it builds, and writes where it
    was told to. A system that does not show its processes as files leaves it to that.
    """
    for left in abandoned(folder):
        try:
            await stop(servers.processes_of(left, _PROGRAMS, proc), grace_seconds=_GRACE_SECONDS)
        except LocalOutputError as error:
            log.warning("a build of a killed run goes on", folder=str(left), problem=str(error))
