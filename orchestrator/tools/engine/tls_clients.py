"""Clients of engines that listen with TLS, which trust an engine by the certificates that are named for it alone."""

from typing import Any

from docker import DockerClient
from docker.tls import TLSConfig
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter


def client(host: str, config: TLSConfig, *, api_version: str, timeout_seconds: int) -> DockerClient:
    """A client of the engine at an address; connects to nothing yet."""
    made = DockerClient(base_url=host, tls=config, version=api_version, timeout=timeout_seconds)
    made.api.mount("https://", _Adapter(made.api.verify))
    return made


class _Adapter(HTTPAdapter):
    """Verifies as it was told: REQUESTS_CA_BUNDLE, which is for the web, would else win over the engine's authority."""

    def __init__(self, verify: bool | str | None) -> None:  # noqa: FBT001 - as requests has it
        super().__init__()
        self._verify = verify

    def send(self, request: PreparedRequest, *given: Any, **more: Any) -> Response:
        return super().send(request, *given, **{**more, "verify": self._verify})
