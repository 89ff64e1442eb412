"""Ways between the registry and hosts that have no network: a unix socket between two listeners on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

_CHUNK_BYTES = 65_536

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]
Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def way_out(socket: Path, address: str) -> AsyncIterator[None]:
    """Where the registry can be reached: whoever connects to the socket is joined with the address, host:port."""
    host, _, port = address.rpartition(":")
    server = await asyncio.start_unix_server(_joining(partial(asyncio.open_connection, host, int(port))), socket)
    with contextlib.closing(server):
        yield


@contextlib.asynccontextmanager
async def way_in(address: str, socket: Path) -> AsyncIterator[None]:
    """Inside of a host: whoever connects to the address, host:port, is joined with the socket."""
    host, _, port = address.rpartition(":")
    server = await asyncio.start_server(_joining(partial(asyncio.open_unix_connection, socket)), host, int(port))
    with contextlib.closing(server):
        yield


def _joining(connect: Connect) -> Accept:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError):
            from_there, to_there = await connect()
            with contextlib.closing(to_there):
                await asyncio.gather(_pump(reader, to_there), _pump(from_there, writer))

    return accept


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
