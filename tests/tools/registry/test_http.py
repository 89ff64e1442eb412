"""Tests of where requests go; how they fare on the wire is tested against a real registry."""

import pytest
from yarl import URL

from orchestrator.errors import ContractBrokenError
from orchestrator.tools.registry.http import Endpoints, Request, Transport, redirection
from orchestrator.tools.registry.retry import Policy


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        ("docker.io", "https://registry-1.docker.io/v2/"),
        ("ghcr.io", "https://ghcr.io/v2/"),
        ("registry.example.org:8443", "https://registry.example.org:8443/v2/"),
        ("10.0.0.1:5000", "https://10.0.0.1:5000/v2/"),
        ("localhost.example.org", "https://localhost.example.org/v2/"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000/v2/"),
        ("127.8.8.8:5000", "http://127.8.8.8:5000/v2/"),
        ("localhost:5000", "http://localhost:5000/v2/"),
        ("[::1]:5000", "http://[::1]:5000/v2/"),
        ("plain.example.org", "http://plain.example.org/v2/"),
        ("deep.example.org", "https://deep.example.org/docker/here/v2/"),
    ],
)
def test_a_registry_is_reached_by_https_unless_it_is_here_or_said_to_be_plain(registry: str, expected: str) -> None:
    endpoints = Endpoints(frozenset({"plain.example.org"}), {"deep.example.org": "/docker/here/"})

    assert endpoints.base(registry) == URL(expected)


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
