"""Notes of what builds have in an engine, by which the next build there removes what a killed one left."""

import contextlib
import fcntl
import re
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from orchestrator.errors import LocalOutputError

_IMAGE_NAME = "orchestrator-classic"
"""What an engine calls an image of ours, with a tag that no other build has, until it is ours to remove."""

# A process may have been killed in the middle of a line, and half an ID could be that of an image of somebody else.
_LINE = re.compile(r"([0-9a-f]{12})\n")


class Note:
    """What one build has in an engine: on disk until that is removed, locked while somebody works with it."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path = path
        self._file = file
        self.images = _LINE.findall(file.read())
        """IDs, shortened, of what the steps of the build left, in order."""

    @property
    def name(self) -> str:
        """What the engine calls the image itself."""
        return f"{_IMAGE_NAME}:{self._path.name}"

    def add(self, images: Sequence[str]) -> None:
        """Note further images, for anything can happen to us; raises LocalOutputError."""
        self.images += images
        try:
            self._file.write("".join(f"{image}\n" for image in images))
            self._file.flush()
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def remove(self) -> None:
        """Forget what is in the engine no more."""
        self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def note(folder: Path) -> Iterator[Note]:
    """A note of a build that begins, in the folder of its engine; raises LocalOutputError."""
    path = folder / secrets.token_hex(16)
    unlocked = path.with_name(f".{path.name}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = unlocked.open("x+", encoding="utf-8")
        fcntl.flock(file, fcntl.LOCK_EX)
        # Only now it has a name that `abandoned` looks at.
        unlocked.rename(path)
    except OSError as error:
        raise _unwritable(folder, error) from error
    with file:
        yield Note(path, file)


def abandoned(folder: Path) -> Iterator[Note]:
    """The notes of builds that ended without removing what they had, each ours while it is looked at.

    The kernel frees the lock of a process that was killed, so what is locked belongs to a build that runs.
    """
    for path in sorted(folder.glob("[!.]*")):
        with contextlib.suppress(BlockingIOError, FileNotFoundError), path.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield Note(path, file)


def _unwritable(path: Path, error: OSError) -> LocalOutputError:
    return LocalOutputError(
        f"{path}: {error.strerror}; become its owner, or set ORCHESTRATOR_STATE to a folder of yours"
    )
