"""Tests of how a request finds its way: its proxy, and whose certificate is looked at."""

from pathlib import Path

import pytest
from yarl import URL

from orchestrator.tools.registry.network import Network
from orchestrator.tools.registry.proxies import Proxies
from orchestrator.tools.registry.trust import Trust

PLAIN, SECURED = "http://proxy.example:3128", "https://proxy.example:3129"


@pytest.mark.parametrize(
    ("url", "proxy", "trusted"),
    [
        ("http://a.example/v2/", None, None),
        ("http://a.example/v2/", PLAIN, None),
        ("http://a.example/v2/", SECURED, SECURED),
        ("https://a.example/v2/", None, "https://a.example"),
        ("https://a.example/v2/", PLAIN, "https://a.example"),
        ("https://a.example/v2/", SECURED, "https://a.example"),
    ],
)
def test_certificates_are_looked_at_where_tls_is_spoken(
    tmp_path: Path, url: str, proxy: str | None, trusted: str | None
) -> None:
    for host in ("a.example", "proxy.example:3129"):
        (tmp_path / host).mkdir()
    trust = Trust([tmp_path])
    network = Network(Proxies.of({"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy} if proxy else {}), trust)

    assert network.route(URL(url)) == (URL(proxy) if proxy else None, trust.context(URL(trusted)) if trusted else True)
