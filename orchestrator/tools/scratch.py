"""A folder for the passing files of one run: gone with it, or swept away by the next run when it was killed."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from orchestrator.errors import LocalOutputError


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


def _made(folder: Path) -> tuple[Path, int]:
    folder.mkdir(parents=True, exist_ok=True)
    # While it is held no run is between making its folder and locking it, so what is not locked belongs to nobody.
    with _locked(folder):
        for left in folder.iterdir():
            with contextlib.suppress(BlockingIOError), _locked(left, wait=False):
                shutil.rmtree(left, ignore_errors=True)
        mine = Path(tempfile.mkdtemp(prefix="run-", dir=folder))
        lock = os.open(mine, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return mine, lock


@contextlib.contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a folder's lock, which the kernel frees when a process ends; raises BlockingIOError unless it may wait."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)
