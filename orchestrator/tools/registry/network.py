"""The way to other hosts, as this machine is set up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Self

from yarl import URL

from orchestrator.tools.registry.proxies import Proxies
from orchestrator.tools.registry.trust import Trust


@dataclass(frozen=True, slots=True)
class Network:
    """Through which proxy a host is asked, and by which certificates it is believed."""

    proxies: Proxies = field(default_factory=Proxies)
    trust: Trust = field(default_factory=Trust)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """What the environment and the folders that it names say; raises InputError for a proxy that is none."""
        return cls(Proxies.of(environment), Trust.of(environment))

    def route(self, url: URL) -> tuple[URL | None, SSLContext | bool]:
        """The proxy of a request, None for none, and how the next host that asks for TLS is spoken to.

        True where none asks for it. Raises InputError for a certificate that cannot be used.
        """
        proxy = self.proxies.of_url(url)
        secured = next((each for each in (url, proxy) if each and each.scheme == "https"), None)
        return proxy, self.trust.context(secured) if secured else True
