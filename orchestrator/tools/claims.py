"""Claims: what a process keeps in a folder that it shares, and what those that were killed left there.

The kernel frees the locks of a process that ends, so what is locked belongs to one that lives.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def claimed(folder: Path, make: Callable[[], Path]) -> Iterator[Path]:
    """What `make` puts into a folder, a file or a folder, ours until the block ends; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as ours:
        # While it is held nobody looks at what has been made and is not locked yet.
        with _locked(folder):
            mine = make()
            ours.enter_context(_locked(mine))
        yield mine


def abandoned(folder: Path) -> Iterator[Path]:
    """What nobody claims in a folder, each ours while it is looked at."""
    for left in sorted(folder.iterdir()) if folder.is_dir() else ():
        with contextlib.ExitStack() as ours, contextlib.suppress(BlockingIOError, FileNotFoundError):
            with _locked(folder):
                ours.enter_context(_locked(left, wait=False))
            # Whoever had it may have removed it since it was listed.
            if left.exists():
                yield left


@contextlib.contextmanager
def _locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock; raises BlockingIOError unless it may wait."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)
