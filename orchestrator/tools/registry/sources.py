"""What a blob is uploaded from: bytes, a file, or another repository, never whole in memory."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

from orchestrator.errors import InputError, LocalOutputError, OrchestratorError
from orchestrator.model.oci import digest_of
from orchestrator.model.references import Repository

Source = bytes | Path | Repository
"""A repository is where the same blob is to be had; on another registry it is read from there as it is written."""

_CHUNK_BYTES = 1024 * 1024


class Body:
    """A blob as the body of a request; keeps our own failure, which the HTTP library shows as a broken connection."""

    def __init__(
        self, source: Source, *, stream: Callable[[Repository, str], AsyncGenerator[bytes, None]], digest: str
    ) -> None:
        self._source = source
        self._stream = stream
        self._digest = digest
        self._failure: OrchestratorError | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The blob from its beginning; each call begins anew."""
        try:
            async with aclosing(self._begun()) as pieces:
                async for piece in pieces:
                    yield piece
        except OSError as error:
            self._failure = LocalOutputError(f"{error.filename or 'a file'}: cannot be read: {error.strerror}")
            raise
        except OrchestratorError as error:
            self._failure = error
            raise

    def raise_own_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _begun(self) -> AsyncGenerator[bytes, None]:
        if isinstance(self._source, Repository):
            return self._stream(self._source, self._digest)
        return _file(self._source) if isinstance(self._source, Path) else _bytes(self._source)


async def check_size(source: Source, size: int, *, what: str) -> None:
    """Raise InputError unless the local content has `size` bytes; elsewhere only reading it would tell."""
    if isinstance(source, Repository):
        return
    try:
        found = (await asyncio.to_thread(source.stat)).st_size if isinstance(source, Path) else len(source)
    except OSError as error:
        raise InputError(f"{what}: {error.filename}: {error.strerror}") from error
    if found != size:
        raise InputError(f"{what}: expected {size} bytes, the local content has {found}; build it again")


async def digest_of_source(source: Source) -> str | None:
    """What local content really is; None for what another registry holds, which proves itself as it is read."""
    if isinstance(source, Repository):
        return None
    return digest_of(source) if isinstance(source, bytes) else await asyncio.to_thread(_digest_of_file, source)


async def _bytes(content: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(content), _CHUNK_BYTES):
        yield content[start : start + _CHUNK_BYTES]


async def _file(path: Path) -> AsyncGenerator[bytes, None]:
    def opened() -> BinaryIO:
        return path.open("rb")

    file = await asyncio.to_thread(opened)
    try:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield chunk
    finally:
        file.close()


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
