"""Tests of which proxy a request goes through."""

import pytest
from yarl import URL

from orchestrator.errors import InputError
from orchestrator.tools.registry.proxies import Proxies

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("environment", "url", "expected"),
    [
        ({}, "https://ghcr.io/v2/", None),
        ({"HTTPS_PROXY": PROXY}, "https://ghcr.io/v2/", PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, "https://ghcr.io/v2/", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://ghcr.io/v2/", None),
        ({"HTTP_PROXY": "proxy.example:3128"}, "http://ghcr.io/v2/", PROXY),
        ({"HTTPS_PROXY": "http://me:word@proxy.example"}, "https://ghcr.io/", "http://me:word@proxy.example"),
        ({"HTTP_PROXY": PROXY}, "http://127.0.0.1:5000/v2/", None),
        ({"HTTP_PROXY": PROXY}, "http://localhost:5000/v2/", None),
        ({"HTTP_PROXY": PROXY}, "http://[::1]:5000/v2/", None),
    ],
)
def test_a_proxy_is_for_a_scheme_and_never_for_this_machine(
    environment: dict[str, str], url: str, expected: str | None
) -> None:
    assert Proxies.of(environment).of_url(URL(url)) == (URL(expected) if expected else None)


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_direct"),
    [
        ("ghcr.io", "https://ghcr.io/", True),
        ("GHCR.io", "https://ghcr.io/", True),
        ("a.example, ghcr.io", "https://ghcr.io/", True),
        ("example.com", "https://registry.example.com/", True),
        ("example.com", "https://notexample.com/", False),
        (".example.com", "https://registry.example.com/", True),
        (".example.com", "https://example.com/", False),
        ("*.example.com", "https://registry.example.com/", True),
        ("example.com:5000", "https://example.com:5000/", True),
        ("example.com:5000", "https://example.com/", False),
        ("10.0.0.0/8", "https://10.1.2.3/", True),
        ("10.0.0.0/8", "https://11.1.2.3/", False),
        ("10.0.0.0/8", "https://example.com/", False),
        ("10.0.0.0/99", "https://10.1.2.3/", False),
        ("fd00::1", "https://[fd00::1]/", True),
        ("*", "https://ghcr.io/", True),
        ("", "https://ghcr.io/", False),
        (", ,", "https://ghcr.io/", False),
    ],
)
def test_some_hosts_are_asked_directly(no_proxy: str, url: str, is_direct: bool) -> None:
    proxies = Proxies.of({"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy})

    assert (proxies.of_url(URL(url)) is None) == is_direct


@pytest.mark.parametrize("text", ["ftp://proxy.example", "http://", "http://[::1", "socks5://me:canary@proxy.example"])
def test_what_is_no_proxy_is_told_without_its_text(text: str) -> None:
    with pytest.raises(InputError) as raised:
        Proxies.of({"HTTPS_PROXY": text})

    assert str(raised.value) == "HTTPS_PROXY: expected the URL of a proxy, like http://proxy.example:3128"
