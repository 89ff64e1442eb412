"""Tests of where requests go; how they fare on the wire is tested against a real registry."""

import pytest
from yarl import URL

from orchestrator.errors import ContractBrokenError
from orchestrator.tools.registry.http import Request, Transport, redirection
from orchestrator.tools.registry.retry import Policy

SIGNED = {"Authorization": "Bearer x", "Range": "bytes=1-"}
BARE = {"Range": "bytes=1-"}


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/v2/other", ("https://a.example/v2/other", SIGNED)),
        ("https://a.example/x%2Fy?sig=%3D", ("https://a.example/x%2Fy?sig=%3D", SIGNED)),
        ("https://b.example/x", ("https://b.example/x", BARE)),
        ("https://a.example:8443/x", ("https://a.example:8443/x", BARE)),
    ],
)
def test_credentials_stay_with_their_host(location: str, expected: tuple[str, dict[str, str]]) -> None:
    url, headers = redirection(URL("https://a.example/v2/blob"), SIGNED, location, what="reading")

    assert (str(url), headers) == expected


@pytest.mark.parametrize(
    "location", ["", "http://a.example/x", "ftp://a.example/x", "file:///x", "https://u:p@a.example/x", "http://[::1"]
)
def test_a_redirect_that_protects_less_or_makes_no_sense_is_refused(location: str) -> None:
    with pytest.raises(ContractBrokenError, match="reading: redirected to") as raised:
        redirection(URL("https://a.example/v2/blob"), SIGNED, location, what="reading")

    assert "u:p" not in str(raised.value)


async def test_a_client_that_was_not_opened_says_so() -> None:
    request = Request("reading", "GET", URL("http://127.0.0.1:1/v2/"), registry="127.0.0.1:1")

    with pytest.raises(RuntimeError, match="before it is opened"):
        await Transport(Policy()).send(request)
