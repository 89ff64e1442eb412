"""Which machines the programs in a layer are for, found while the layer streams by."""

import asyncio
import io
import queue
import tarfile
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import IO

from orchestrator.errors import ContractBrokenError
from orchestrator.model import elf

PROGRAMS = 16
"""Enough of one layer to be sure; a stray program of another machine must not outweigh the others."""

_PIECES_AHEAD = 2


async def machines(pieces: AsyncIterator[bytes]) -> tuple[frozenset[int], int]:
    """The machines of the first programs in a tar archive, plain or compressed, and the size of what streamed by.

    Reads to the end, so that whatever a stream proves at its end is proven. Raises ContractBrokenError for what is no
    such archive.
    """
    archive = _Pieces()
    size = 0
    reading = asyncio.create_task(asyncio.to_thread(_machines, archive))
    try:
        async for piece in pieces:
            size += len(piece)
            await asyncio.to_thread(archive.put, piece)
    finally:
        await asyncio.to_thread(archive.put, b"")
        found = await reading
    if isinstance(found, ContractBrokenError):
        raise found
    return found, size


class _Pieces(io.RawIOBase):
    """A file that one thread reads while others put its pieces, an empty one last."""

    def __init__(self) -> None:
        self._pieces: queue.Queue[bytes] = queue.Queue(_PIECES_AHEAD)
        self._rest = memoryview(b"")
        self._has_ended = False

    def put(self, piece: bytes) -> None:
        self._pieces.put(piece)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer is 3.12's
        if not self._rest and not self._has_ended:
            self._rest = memoryview(self._pieces.get())
            self._has_ended = not self._rest
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _machines(archive: _Pieces) -> frozenset[int] | ContractBrokenError:
    """Found, or why not; reads on to the end, for whoever puts the pieces waits for that."""
    found: set[int] = set()
    with io.BufferedReader(archive) as file:
        try:
            for count, machine in enumerate(_programs(file), 1):
                found.add(machine)
                if count == PROGRAMS:
                    break
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            return ContractBrokenError(f"not a layer: {error}")
        finally:
            while file.read(io.DEFAULT_BUFFER_SIZE):
                pass
    return frozenset(found)


def _programs(file: IO[bytes]) -> Iterator[int]:
    with tarfile.open(fileobj=file, mode="r|*") as layer:
        for member in layer:
            content = layer.extractfile(member) if member.isreg() else None
            machine = elf.machine(content.read(elf.HEADER_BYTES)) if content else None
            if machine is not None:
                yield machine
