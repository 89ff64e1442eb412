"""Documents and small blobs that registries gave us before, kept on disk so that their bytes need not travel again."""

import asyncio
import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.model.oci import Document, digest_of
from orchestrator.model.references import Reference, is_digest

MAX_BYTES = 256 * 1024 * 1024

_ROOM_LEFT = 3 / 4
"""What is full is emptied so far, the oldest first, so that the next run does not tidy again."""


class _Name(BaseModel):
    """What a reference named when it was read last."""

    model_config = ConfigDict(strict=True, extra="forbid")

    reference: str
    digest: str
    media_type: str


class Kept:
    """A folder of what was read before; it may be deleted at any time, also while it is used.

    It decides nothing: a registry is asked what a reference names all the same, and what is taken from here has the
    digest that it said. What is missing, damaged or cannot be read is as if it had never been kept, and a folder that
    cannot be written stays as it is.
    """

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._names = folder / "names"
        self._contents = folder / "contents"
        self._max_bytes = max_bytes
        self._has_grown = False
        self._documents: dict[tuple[str, str], Document] = {}
        """By digest and media type, for many tags name one index."""

    # Documents are some kilobytes, which are read in less time than it takes to wake a thread for that.
    def document(self, place: Reference) -> Document | None:
        """What a reference named when it was read last; it may name something else by now."""
        path = self._name(place)
        try:
            name = _Name.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None
        _touch(path)
        return self._document(name.digest, name.media_type) if name.reference == str(place) else None

    def keep_document(self, place: Reference, document: Document) -> None:
        name = _Name(reference=str(place), digest=document.digest, media_type=document.media_type)
        if self._document(document.digest, document.media_type) is None:
            self._write(self._content(document.digest), document.content)
        self._write(self._name(place), name.model_dump_json().encode())

    async def blob(self, digest: str) -> bytes | None:
        """The bytes that have this digest."""
        return await asyncio.to_thread(self._proven, digest)

    async def keep_blob(self, digest: str, content: bytes) -> None:
        await asyncio.to_thread(self._write, self._content(digest), content)

    async def tidy(self) -> None:
        """Delete what was used longest ago until the rest is well below the limit; only after something was added."""
        if self._has_grown:
            await asyncio.to_thread(self._tidy)

    def _document(self, digest: str, media_type: str) -> Document | None:
        key = (digest, media_type)
        if key not in self._documents:
            content = self._proven(digest)
            if content is None:
                return None
            try:
                self._documents[key] = Document.parse(content, media_type)
            except ValueError:
                return None
        return self._documents[key]

    def _proven(self, digest: str) -> bytes | None:
        if not is_digest(digest):
            return None
        path = self._content(digest)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        if digest_of(content) != digest:
            return None
        _touch(path)
        return content

    def _write(self, path: Path, content: bytes) -> None:
        """Replace a file whole; what cannot be kept is not worth a word, as it costs but time."""
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
            temporary.replace(path)
            self._has_grown = True
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def _tidy(self) -> None:
        files = sorted(self._files())
        size = sum(file_size for _, file_size, _ in files)
        if size <= self._max_bytes:
            return
        for _, file_size, path in files:
            if size <= self._max_bytes * _ROOM_LEFT:
                return
            with contextlib.suppress(OSError):
                path.unlink()
            size -= file_size

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Every file with when it was used last and its size."""
        for folder in (self._names, self._contents):
            with contextlib.suppress(OSError):
                for path in folder.iterdir():
                    with contextlib.suppress(OSError):
                        status = path.stat()
                        yield status.st_mtime, status.st_size, path

    def _name(self, place: Reference) -> Path:
        return self._names / hashlib.sha256(str(place).encode()).hexdigest()

    def _content(self, digest: str) -> Path:
        return self._contents / digest.removeprefix("sha256:")


def _touch(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.utime(path)
