"""A proxy for https that leads to one place, whatever host is asked for: so a test's registry has a name."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.bkbridge import join


@contextlib.asynccontextmanager
async def connect_proxy(place: str) -> AsyncIterator[str]:
    """The URL of a proxy whose connections (RFC 9110, 9.3.6) all lead to `place`, such as `127.0.0.1:5000`."""

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(writer.close)
            await reader.readuntil(b"\r\n\r\n")
            from_place, to_place = await asyncio.open_connection(*place.split(":"))
            stack.callback(to_place.close)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await join((reader, writer), (from_place, to_place))

    async with await asyncio.start_server(connect, "127.0.0.1", 0) as server:
        _, port = server.sockets[0].getsockname()
        yield f"http://127.0.0.1:{port}"
