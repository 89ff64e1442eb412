"""Tests of what layers turn out to be while they stream by."""

import asyncio
import bz2
import gzip
import os
from collections.abc import AsyncIterator

import pytest

from orchestrator.errors import ContractBrokenError
from orchestrator.model.oci import digest_of
from orchestrator.model.verification import Streamed
from orchestrator.tools import layout, streamed_layers
from orchestrator.tools.streamed_layers import NotALayerError
from tests.samples import program, tar

AMD64, ARM64 = 62, 183
TOOL = tar({"bin/tool": program("amd64")})


async def pieces(content: bytes, *, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (TOOL, {AMD64}),
        (gzip.decompress(TOOL), {AMD64}),
        (tar({"bin/tool": program("amd64"), "lib/x": program("arm64v8"), "etc/x": b"text"}), {AMD64, ARM64}),
        (tar({"etc/x": b"text", "empty": b""}), set()),
        (tar({}), set()),
        (tar({"big": os.urandom(300_000), "bin/tool": program("arm64v8")}), {ARM64}),
    ],
)
async def test_the_machines_of_programs_and_the_plain_archive_are_found(content: bytes, expected: set[int]) -> None:
    plain = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content

    found = await streamed_layers.unpacked(pieces(content))

    assert found == Streamed(len(content), frozenset(expected), digest_of(plain))


async def test_a_layer_is_known_however_small_the_pieces_are_in_which_it_comes() -> None:
    found = await streamed_layers.unpacked(pieces(TOOL, size=1))

    assert found == Streamed(len(TOOL), frozenset({AMD64}), digest_of(gzip.decompress(TOOL)))


async def test_all_of_the_plain_archive_counts_also_after_enough_programs() -> None:
    many = {f"bin/{number:02}": program("amd64") for number in range(layout.PROGRAMS_PER_LAYER)}
    content = tar({**many, "bin/last": program("arm64v8"), "big": os.urandom(2_000_000)})

    found = await streamed_layers.unpacked(pieces(content))

    assert found == Streamed(len(content), frozenset({AMD64}), digest_of(gzip.decompress(content)))


async def test_of_an_odd_compression_the_plain_archive_is_not_told() -> None:
    content = bz2.compress(gzip.decompress(TOOL))

    assert await streamed_layers.unpacked(pieces(content)) == Streamed(len(content), frozenset({AMD64}))


async def test_what_is_not_unpacked_has_its_size_alone() -> None:
    assert await streamed_layers.counted(pieces(TOOL)) == Streamed(len(TOOL))


@pytest.mark.parametrize("content", [b"", b"no archive", os.urandom(500_000), gzip.compress(b"no archive"), TOOL[:-9]])
async def test_what_is_no_layer_is_told_as_such(content: bytes) -> None:
    with pytest.raises(NotALayerError, match="it is no layer: "):
        await streamed_layers.unpacked(pieces(content))


async def test_what_the_stream_says_at_its_end_counts() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield tar({"bin/tool": program("amd64")})
        raise ContractBrokenError("it is another")

    with pytest.raises(ContractBrokenError, match="it is another"):
        await streamed_layers.unpacked(broken())


async def test_an_interruption_leaves_no_thread_waiting() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        await asyncio.sleep(3600)

    task = asyncio.create_task(streamed_layers.unpacked(endless()))
    await asyncio.sleep(0.05)
    task.cancel()

    async with asyncio.timeout(2):
        with pytest.raises(asyncio.CancelledError):
            await task
