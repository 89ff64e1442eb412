"""Which machines the programs in a layer are for, found while the layer streams by."""

import tarfile
import zlib
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import IO

from orchestrator.errors import ContractBrokenError
from orchestrator.model import elf
from orchestrator.tools import piped

PROGRAMS = 16
"""Enough of one layer to be sure; a stray program of another machine must not outweigh the others."""


async def machines(pieces: AsyncIterator[bytes]) -> tuple[frozenset[int], int]:
    """The machines of the first programs in a tar archive, plain or compressed, and the size of what streamed by.

    Reads to the end, so that whatever a stream proves at its end is proven. Raises ContractBrokenError for what is no
    such archive.
    """
    size = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal size
        async for piece in pieces:
            size += len(piece)
            yield piece

    try:
        found = await piped.read(counted(), _machines)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ContractBrokenError(f"not a layer: {error}") from error
    return found, size


def _machines(file: IO[bytes]) -> frozenset[int]:
    return frozenset(islice(_programs(file), PROGRAMS))


def _programs(file: IO[bytes]) -> Iterator[int]:
    with tarfile.open(fileobj=file, mode="r|*") as layer:
        for member in layer:
            content = layer.extractfile(member) if member.isreg() else None
            machine = elf.machine(content.read(elf.HEADER_BYTES)) if content else None
            if machine is not None:
                yield machine
