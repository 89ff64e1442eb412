"""Locks between processes of one machine."""

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from orchestrator.errors import LocalOutputError

_POLL_SECONDS = 0.05


@contextlib.asynccontextmanager
async def locked(file: Path) -> AsyncIterator[None]:
    """Hold the lock that `file` stands for, waiting as long as another process does; the kernel frees it with us.

    The file is made when missing and stays: removing it would let two processes lock two different files. Raises
    LocalOutputError when it cannot be made.
    """
    with _opened(file) as handle:
        # Polled: a blocking flock in a thread could not be cancelled.
        while not _try_lock(handle.fileno()):  # noqa: ASYNC110  no event tells when another process unlocks
            await asyncio.sleep(_POLL_SECONDS)
        yield


def _opened(file: Path) -> BinaryIO:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("ab")
    except OSError as error:
        raise LocalOutputError(
            f"{file}: {error.strerror}; become its owner, or set ORCHESTRATOR_STATE to a folder of yours"
        ) from error


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
