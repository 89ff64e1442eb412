"""Tests of streams that a thread reads as a file."""

import asyncio
from collections.abc import AsyncGenerator
from typing import IO, NoReturn

import pytest

from orchestrator.errors import ContractBrokenError
from orchestrator.tools import piped

PIECES = (b"one ", b"two ", b"three ", b"four")


class Stream:
    """Pieces, and whether all of them were taken; one of them may be an error."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces
        self.is_read = False

    async def come(self) -> AsyncGenerator[bytes, None]:
        for piece in self.pieces:
            await asyncio.sleep(0)
            if isinstance(piece, Exception):
                raise piece
            yield piece
        self.is_read = True


def fail(file: IO[bytes]) -> NoReturn:
    raise OSError("the work failed")


async def test_a_stream_is_read_as_a_file() -> None:
    assert await piped.read(Stream(*PIECES).come(), lambda file: file.read()) == b"".join(PIECES)


async def test_the_stream_ends_though_the_work_stops_before() -> None:
    stream = Stream(*PIECES)

    found = await piped.read(stream.come(), lambda file: file.read(5))

    assert (found, stream.is_read) == (b"one t", True)


async def test_the_stream_ends_though_the_work_fails() -> None:
    stream = Stream(*PIECES)

    with pytest.raises(OSError, match="the work failed"):
        await piped.read(stream.come(), fail)
    assert stream.is_read


@pytest.mark.parametrize("work", [fail, lambda file: file.read()])
async def test_the_error_of_the_stream_comes_first(work: object) -> None:
    stream = Stream(b"one", ContractBrokenError("another digest"))

    with pytest.raises(ContractBrokenError, match="another digest"):
        await piped.read(stream.come(), work)  # type: ignore[arg-type]  # a parameter has one type


async def test_what_is_cancelled_leaves_no_thread_waiting() -> None:
    never = asyncio.Event()

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"one"
        await never.wait()

    reading = asyncio.create_task(piped.read(pieces(), lambda file: file.read()))
    await asyncio.sleep(0.01)
    reading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await reading
