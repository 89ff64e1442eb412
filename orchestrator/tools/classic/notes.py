"""Notes of what builds have in an engine, by which the next build there removes what a killed one left."""

import contextlib
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import LocalOutputError
from orchestrator.tools import claims

_IMAGE_NAME = "orchestrator-classic"
"""What an engine calls an image of ours, with a tag that no other build has, until it is ours to remove."""

# A process may have been killed in the middle of a line, and half an ID could be that of an image of somebody else.
_LINE = re.compile(r"([0-9a-f]{12})\n")


@dataclass(slots=True)
class Note:
    """What one build has in an engine: on disk until that is removed, claimed while somebody works with it."""

    path: Path
    images: list[str]
    """IDs, shortened, of what the steps of the build left, in order."""

    @property
    def name(self) -> str:
        """What the engine calls the image itself."""
        return f"{_IMAGE_NAME}:{self.path.name}"

    def add(self, images: Sequence[str]) -> None:
        """Note further images, for anything can happen to us; raises LocalOutputError."""
        if not images:
            return
        self.images.extend(images)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write("".join(f"{image}\n" for image in images))
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def remove(self) -> None:
        """Forget what is in the engine no more."""
        self.path.unlink(missing_ok=True)


@contextlib.contextmanager
def note(folder: Path) -> Iterator[Note]:
    """A note of a build that begins, in the folder of its engine; raises LocalOutputError."""
    with contextlib.ExitStack() as ours:
        try:
            path = ours.enter_context(claims.claimed(folder, lambda: _blank(folder)))
        except OSError as error:
            raise _unwritable(folder, error) from error
        yield Note(path, [])


def abandoned(folder: Path) -> Iterator[Note]:
    """The notes of builds that ended without removing what they had, each ours while it is looked at."""
    for path in claims.abandoned(folder):
        yield Note(path, _LINE.findall(path.read_text(encoding="utf-8")))


def _blank(folder: Path) -> Path:
    path = folder / secrets.token_hex(16)
    path.touch(exist_ok=False)
    return path


def _unwritable(path: Path, error: OSError) -> LocalOutputError:
    return LocalOutputError(
        f"{path}: {error.strerror}; become its owner, or set ORCHESTRATOR_STATE to a folder of yours"
    )
