"""Streams that a thread reads as a file while they come."""

import asyncio
import io
import queue
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

T = TypeVar("T")

_PIECES_AHEAD = 2


async def read(pieces: AsyncIterator[bytes], work: Callable[[io.BufferedReader], T]) -> T:
    """What `work`, in a thread of its own, makes of the stream as a file.

    The stream is read to its end even where `work` stops before or raises, so that what it proves there is proven; the
    error of the stream comes before that of `work`, which may but follow from it.
    """
    file = _Pieces()
    reading = asyncio.create_task(asyncio.to_thread(_worked, work, file))
    try:
        async for piece in pieces:
            await asyncio.to_thread(file.put, piece)
    finally:
        await asyncio.to_thread(file.put, b"")
        (result,) = await asyncio.gather(reading, return_exceptions=True)
    if isinstance(result, BaseException):
        raise result
    return result


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
        # Filled as far as there is anything, as a file on disk does it, however small the pieces are.
        filled = 0
        while filled < len(buffer) and not self._has_ended:
            if not self._rest:
                self._rest = memoryview(self._pieces.get())
                self._has_ended = not self._rest
            size = min(len(buffer) - filled, len(self._rest))
            buffer[filled : filled + size] = self._rest[:size]
            self._rest = self._rest[size:]
            filled += size
        return filled


def _worked(work: Callable[[io.BufferedReader], T], pieces: _Pieces) -> T:
    """Reads on to the end, for whoever puts the pieces waits for that."""
    buffered: io.BufferedReader = io.BufferedReader(pieces)
    with buffered as file:
        try:
            return work(file)
        finally:
            while file.read(io.DEFAULT_BUFFER_SIZE):
                pass
