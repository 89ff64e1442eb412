"""What TLS says of an address without being asked, and of who hangs up; e2e tests shake hands with real parts."""

from asyncio import StreamReader, StreamWriter, start_server
from pathlib import Path

import pytest

from orchestrator.model.refusals import Refusal
from orchestrator.model.tls import NO_TLS
from orchestrator.tools.engine import tls
from orchestrator.tools.engine.certificates import Certificates


@pytest.mark.parametrize("certificates", [None, Certificates(Path("/keys"))])
@pytest.mark.parametrize(
    "address",
    ["ssh://builder.example:22", "unix:///run/docker.sock", "tcp://builder.example", "tcp://builder.example:99999", ""],
)
async def test_no_handshake_is_tried_where_there_is_no_place_for_it(
    address: str, certificates: Certificates | None
) -> None:
    assert await tls.objection(address, certificates) is None


@pytest.mark.integration
@pytest.mark.parametrize("is_reset", [True, False])
@pytest.mark.parametrize(
    ("answer", "objection"),
    [
        (b"\0\0\0\x04\0\0\0\0\0", NO_TLS),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", NO_TLS),
        (b"\x15\x03\x01\0\x02\x02\x46", None),
        (b"", None),
    ],
)
async def test_who_hangs_up_on_a_handshake_is_spoken_to_plainly(
    answer: bytes, objection: Refusal | None, *, is_reset: bool
) -> None:
    async def hang_up(reader: StreamReader, writer: StreamWriter) -> None:
        # What arrived and was not read resets the connection.
        said = await reader.read(4 if is_reset else 4096)
        writer.write(answer if said.startswith(b"PRI ") else b"")
        writer.close()

    async with await start_server(hang_up, "127.0.0.1", 0) as server:
        _, port = server.sockets[0].getsockname()

        assert (
            await tls.objection(f"tcp://127.0.0.1:{port}", Certificates(Path("/keys"), has_ca=False, has_ours=False))
            == objection
        )
