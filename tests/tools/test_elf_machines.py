"""Tests of finding out whom the programs of a layer are for."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator

import pytest

from orchestrator.errors import ContractBrokenError
from orchestrator.tools import elf_machines, layout
from tests.samples import program, tar

AMD64, ARM64 = 62, 183


async def pieces(content: bytes, *, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (tar({"bin/tool": program("amd64")}), {AMD64}),
        (gzip.decompress(tar({"bin/tool": program("amd64")})), {AMD64}),
        (tar({"bin/tool": program("amd64"), "lib/x": program("arm64v8"), "etc/x": b"text"}), {AMD64, ARM64}),
        (tar({"etc/x": b"text", "empty": b""}), set()),
        (tar({}), set()),
        (tar({"big": os.urandom(300_000), "bin/tool": program("arm64v8")}), {ARM64}),
    ],
)
async def test_the_machines_of_programs_are_found(content: bytes, expected: set[int]) -> None:
    assert await elf_machines.machines(pieces(content)) == (frozenset(expected), len(content))


async def test_after_enough_programs_the_rest_is_only_read() -> None:
    many = {f"bin/{number:02}": program("amd64") for number in range(layout.PROGRAMS_PER_LAYER)}
    content = tar({**many, "bin/last": program("arm64v8"), "big": os.urandom(2_000_000)})

    assert await elf_machines.machines(pieces(content)) == (frozenset({AMD64}), len(content))


@pytest.mark.parametrize("content", [b"", b"no archive", os.urandom(500_000), gzip.compress(b"no archive")])
async def test_what_is_no_layer_is_told_as_such(content: bytes) -> None:
    with pytest.raises(ContractBrokenError, match="not a layer"):
        await elf_machines.machines(pieces(content))


async def test_what_the_stream_says_at_its_end_counts() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield tar({"bin/tool": program("amd64")})
        raise ContractBrokenError("it is another")

    with pytest.raises(ContractBrokenError, match="it is another"):
        await elf_machines.machines(broken())


async def test_an_interruption_leaves_no_thread_waiting() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        await asyncio.sleep(3600)

    task = asyncio.create_task(elf_machines.machines(endless()))
    await asyncio.sleep(0.05)
    task.cancel()

    async with asyncio.timeout(2):
        with pytest.raises(asyncio.CancelledError):
            await task
