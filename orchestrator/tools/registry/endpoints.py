"""Where registries are reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from yarl import URL

from orchestrator.model.references import DOCKER_HUB

DOCKER_HUB_HOST = "registry-1.docker.io"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where registries are reached: https, but http on loopback and for those in `plain_http`."""

    plain_http: frozenset[str] = frozenset()
    paths: Mapping[str, str] = field(default_factory=dict)
    """By registry: what stands before ``/v2/`` where it does not begin at the root."""

    def base(self, registry: str) -> URL:
        """Where the registry's API begins."""
        host = DOCKER_HUB_HOST if registry == DOCKER_HUB else registry
        scheme = "http" if registry in self.plain_http or is_loopback(URL(f"//{host}").host or "") else "https"
        path = self.paths.get(registry, "").strip("/")
        return URL(f"{scheme}://{host}/{path}/v2/" if path else f"{scheme}://{host}/v2/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, so that what is sent to it is seen by nobody else."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
