"""Which machines the programs in a layer are for, found while the layer streams by."""

from collections.abc import AsyncIterator
from typing import IO

from orchestrator.errors import ContractBrokenError
from orchestrator.model.programs import ELF
from orchestrator.tools import layout, piped


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
    except layout.LAYER_ERRORS as error:
        raise ContractBrokenError(f"not a layer: {error}") from error
    return found, size


def _machines(file: IO[bytes]) -> frozenset[int]:
    return frozenset(layout.machines(file, ELF))
