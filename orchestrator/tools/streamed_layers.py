"""What a layer turns out to be while it streams by: its size, its plain form, whom its programs are for."""

import gzip
import hashlib
import io
from collections.abc import AsyncIterator

from orchestrator.errors import ContractBrokenError
from orchestrator.model.programs import ELF
from orchestrator.model.verification import Streamed
from orchestrator.tools import layout, piped

_CHUNK_BYTES = 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_MAGIC_BYTES = 6
_OTHER_MAGICS = (b"BZh", b"\xfd7zXZ")
"""What Docker unpacks too, and nobody makes any more: of these the plain form is not looked at."""


class NotALayerError(ContractBrokenError):
    """All bytes are those that their digest names, and they are no archive."""


async def unpacked(pieces: AsyncIterator[bytes]) -> Streamed:
    """What is in a tar archive, plain or compressed.

    Reads to the end, so that whatever a stream proves at its end is proven. Raises NotALayerError for what is no such
    archive.
    """
    size = 0

    async def measured() -> AsyncIterator[bytes]:
        nonlocal size
        async for piece in pieces:
            size += len(piece)
            yield piece

    try:
        machines, diff_id = await piped.read(measured(), _looked)
    except layout.LAYER_ERRORS as error:
        raise NotALayerError(f"it is no layer: {error}") from error
    return Streamed(size, machines, diff_id)


async def counted(pieces: AsyncIterator[bytes]) -> Streamed:
    """The same for what cannot be unpacked here: its size alone."""
    return Streamed(sum([len(piece) async for piece in pieces]))


def _looked(file: io.BufferedReader) -> tuple[frozenset[int], str]:
    """The machines of the first programs, and the digest of the plain archive, empty where that is not looked at."""
    magic = file.peek(_MAGIC_BYTES)
    if magic.startswith(_OTHER_MAGICS):
        return frozenset(layout.machines(file, ELF)), ""
    plain = _Hashed(gzip.GzipFile(fileobj=file) if magic.startswith(_GZIP_MAGIC) else file)
    # As a buffered file, since `tarfile` asks for some bytes at a time.
    archive = io.BufferedReader(plain, _CHUNK_BYTES)
    machines = frozenset(layout.machines(archive, ELF))
    while archive.read(_CHUNK_BYTES):
        pass
    return machines, plain.digest


class _Hashed(io.RawIOBase):
    """A file that hashes what is read of it."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer is 3.12's
        size = self._file.readinto(buffer)
        self._hash.update(memoryview(buffer)[:size])
        return size
