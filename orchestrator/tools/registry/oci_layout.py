"""An OCI image layout on disk, read like a repository: its entries and what they name, proven as it is read.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import BinaryIO

from orchestrator.errors import ContractBrokenError, InputError
from orchestrator.model.oci import MAX_DOCUMENT_BYTES, OCI_INDEX, Descriptor, Document, digest_of

_CHUNK_BYTES = 1024 * 1024


class OciLayout:
    """A layout that nobody changes while it is read; links are not followed, for they could lead out of it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __str__(self) -> str:
        return f"oci:{self._root}"

    async def index(self) -> Document:
        """What `index.json` says; raises InputError where there is no layout."""
        path = self._root / "index.json"
        try:
            content = await asyncio.to_thread(_content, path, MAX_DOCUMENT_BYTES)
            return Document.parse(content, OCI_INDEX)
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: {_said(error)}; expected the folder of an OCI layout") from error

    async def document(self, descriptor: Descriptor) -> Document | None:
        """A document, or None where the layout lacks it."""
        content = await self._read(descriptor.digest, MAX_DOCUMENT_BYTES)
        if content is None:
            return None
        try:
            return Document.parse(content, descriptor.media_type)
        except ValueError as error:
            raise ContractBrokenError(f"{self._path(descriptor.digest)}: {error}") from error

    async def size(self, digest: str) -> int | None:
        """How many bytes a blob has, or None where the layout lacks it."""
        try:
            found = await asyncio.to_thread(self._path(digest).lstat)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ContractBrokenError(f"{self._path(digest)}: {_said(error)}") from error
        return found.st_size

    async def blob(self, digest: str, *, max_bytes: int) -> bytes:
        """A small blob, proven; ContractBrokenError when it is missing or longer than `max_bytes`."""
        content = await self._read(digest, max_bytes)
        if content is None:
            raise ContractBrokenError(f"{self._path(digest)}: there is no such file")
        return content

    async def stream(self, digest: str) -> AsyncGenerator[bytes, None]:
        """A blob in pieces; ContractBrokenError at its end when it is another."""
        path = self._path(digest)
        found = hashlib.sha256()
        try:
            file = await asyncio.to_thread(_opened, path)
            with file:
                while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                    found.update(chunk)
                    yield chunk
        except OSError as error:
            raise ContractBrokenError(f"{path}: {_said(error)}") from error
        if f"sha256:{found.hexdigest()}" != digest:
            raise ContractBrokenError(f"{path}: holds content of sha256:{found.hexdigest()}")

    async def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        """Those entries of `index.json` that speak of a document."""
        entries = (await self.index()).children
        documents = [(entry, await self.document(entry)) for entry in entries]
        return tuple(
            entry
            for entry, document in documents
            if document is not None and document.subject is not None and document.subject.digest == digest
        )

    async def _read(self, digest: str, max_bytes: int) -> bytes | None:
        path = self._path(digest)
        try:
            content = await asyncio.to_thread(_content, path, max_bytes)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ContractBrokenError(f"{path}: {_said(error)}") from error
        if digest_of(content) != digest:
            raise ContractBrokenError(f"{path}: holds content of {digest_of(content)}")
        return content

    def _path(self, digest: str) -> Path:
        return self._root / "blobs" / "sha256" / digest.removeprefix("sha256:")


def _opened(path: Path) -> BinaryIO:
    """A plain file; raises OSError for everything else, such as a pipe that would never end."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError("not a plain file")
    return file


def _content(path: Path, max_bytes: int) -> bytes:
    with _opened(path) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"longer than the {max_bytes} bytes that it may have")
    return content


def _said(error: OSError | ValueError) -> str:
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
