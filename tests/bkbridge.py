"""The engine's own BuildKit as a remote builder: a port on loopback that leads to it.

Docker's engine speaks BuildKit's protocol on its own socket, behind ``POST /grpc`` with an upgrade to h2c; buildx'
driver `remote` wants a port that speaks it at once. Closing the bridge is the loss of a builder in the middle of work;
as a process of its own (`python -m tests.bkbridge unix:///run/docker.sock`) it can be stopped, too: a black hole.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

_UPGRADE = b"POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n"
_CHUNK_BYTES = 65_536


@contextlib.asynccontextmanager
async def bridge(host: str) -> AsyncIterator[str]:
    """The address, such as `tcp://127.0.0.1:40001`, of the BuildKit in the engine at `host`, a unix:// address."""
    socket = host.removeprefix("unix://")
    connections: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_connect(reader, writer, socket))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        _, port = server.sockets[0].getsockname()
        yield f"tcp://127.0.0.1:{port}"
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, socket: str) -> None:
    """Join a connection to one of the engine's for as long as both last."""
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(writer.close)
        from_engine, to_engine = await asyncio.open_unix_connection(socket)
        stack.callback(to_engine.close)
        to_engine.write(_UPGRADE)
        answer = await from_engine.readuntil(b"\r\n\r\n")
        if b" 101 " not in answer.partition(b"\r\n")[0]:
            raise ConnectionError(f"the engine does not lend its BuildKit: {answer.decode()}")
        await join((reader, writer), (from_engine, to_engine))


async def join(
    one: tuple[asyncio.StreamReader, asyncio.StreamWriter], other: tuple[asyncio.StreamReader, asyncio.StreamWriter]
) -> None:
    """Let each end of two connections hear what the other one says, until either falls silent for good."""
    ways = [asyncio.create_task(_pump(one[0], other[1])), asyncio.create_task(_pump(other[0], one[1]))]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()


async def _serve(host: str) -> None:
    async with bridge(host) as address:
        print(address, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
