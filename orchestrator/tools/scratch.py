"""A folder for the passing files of one run: gone with it, or swept away by the next run when it was killed."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from orchestrator.errors import LocalOutputError
from orchestrator.tools import servers
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
    try:
        mine, lock = _made(folder)
    except OSError as error:
        raise LocalOutputError(f"{folder}: {error.strerror}; builds need a place for passing files") from error
    try:
        yield mine
    finally:
        shutil.rmtree(mine, ignore_errors=True)
        os.close(lock)


async def end_left(folder: Path, *, proc: Path = servers.PROC, stop: Stop = servers.stop) -> None:
    """End the builds that killed runs left at work in their folders below `folder`.

    By itself buildx ends when it has something to say and nobody reads it; until then it builds, and writes where it
    was told to. A system that does not show its processes as files leaves it to that.
    """
    for left in _abandoned(folder):
        try:
            await stop(servers.processes_of(left, _PROGRAMS, proc), grace_seconds=_GRACE_SECONDS)
        except LocalOutputError as error:
            log.warning("a build of a killed run goes on", folder=str(left), problem=str(error))


def _made(folder: Path) -> tuple[Path, int]:
    folder.mkdir(parents=True, exist_ok=True)
    # While it is held no run is between making its folder and locking it, so what is not locked belongs to nobody.
    with _locked(folder):
        for left in _abandoned(folder):
            shutil.rmtree(left, ignore_errors=True)
        mine = Path(tempfile.mkdtemp(prefix="run-", dir=folder))
        lock = os.open(mine, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return mine, lock


def _abandoned(folder: Path) -> Iterator[Path]:
    """The folders that no run holds, each held by us while it is looked at."""
    for left in sorted(folder.iterdir()) if folder.is_dir() else ():
        with contextlib.suppress(BlockingIOError, FileNotFoundError), _locked(left, wait=False):
            yield left


@contextlib.contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a folder's lock, which the kernel frees when a process ends; raises BlockingIOError unless it may wait."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)
