"""What TLS says of an address without being asked; handshakes are made in tests with real parts."""

from pathlib import Path

import pytest

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
