"""Which HTTP proxy a request goes through, as the environment says it to every program."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Self

from yarl import URL

from orchestrator.errors import InputError
from orchestrator.tools.registry.endpoints import is_loopback


@dataclass(frozen=True, slots=True)
class Proxies:
    """Proxies by the scheme of what is asked, and the hosts that are asked directly.

    The variables mean what they mean to Docker and its builders (golang.org/x/net/http/httpproxy): a name stands for
    its subdomains too, an address range is written like 10.0.0.0/8, `*` is every host, and what runs on this machine
    is never asked through a proxy.
    """

    by_scheme: Mapping[str, URL] = field(default_factory=dict)
    direct: tuple[str, ...] = ()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Read HTTP_PROXY, HTTPS_PROXY and NO_PROXY in capitals or not; raises InputError for what is no proxy."""
        found = {}
        for scheme in ("http", "https"):
            name = f"{scheme}_proxy"
            text = environment.get(name) or environment.get(name.upper())
            if text:
                found[scheme] = _proxy(text, name=name.upper())
        direct = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
        return cls(found, tuple(word for part in direct.split(",") if (word := part.strip().lower())))

    def of_url(self, url: URL) -> URL | None:
        """The proxy for a request, with what it wants to know of us; None where the host itself is asked."""
        proxy = self.by_scheme.get(url.scheme)
        host = (url.host or "").lower()
        if proxy is None or is_loopback(host) or any(_covers(word, host, url.port) for word in self.direct):
            return None
        return proxy


def _proxy(text: str, *, name: str) -> URL:
    try:
        url = URL(text if "://" in text else f"http://{text}")
    except ValueError:
        url = URL()
    if url.scheme not in {"http", "https"} or not url.host:
        # Never the text itself: it may hold a password.
        raise InputError(f"{name}: expected the URL of a proxy, like http://proxy.example:3128")
    return url


def _covers(word: str, host: str, port: int | None) -> bool:
    """Whether a word of NO_PROXY is about a host."""
    if word == "*":
        return True
    if "/" in word:
        return _is_within(host, word)
    name, colon, digits = word.partition(":") if word.count(":") == 1 else (word, "", "")
    if colon and digits != str(port):
        return False
    bare = name.removeprefix("*").removeprefix(".")
    return host.endswith(f".{bare}") or (host == bare and not name.startswith((".", "*")))


def _is_within(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False
