from typing import Any

import pytest
from docker.tls import TLSConfig
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from orchestrator.tools.engine import tls_clients


@pytest.mark.parametrize(("config", "expected"), [(TLSConfig(verify=True), True), (TLSConfig(verify=False), False)])
def test_an_engine_is_trusted_as_was_said_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, config: TLSConfig, *, expected: bool
) -> None:
    asked: list[dict[str, Any]] = []

    def send(_: HTTPAdapter, request: PreparedRequest, **more: Any) -> Response:
        asked.append(more)
        return Response()

    monkeypatch.setattr(HTTPAdapter, "send", send)
    client = tls_clients.client("tcp://10.0.0.5:2376", config, api_version="1.45", timeout_seconds=5)

    # requests itself puts what REQUESTS_CA_BUNDLE says here.
    client.api.get_adapter("https://10.0.0.5:2376/version").send(PreparedRequest(), verify="/etc/web.pem")

    assert asked == [{"verify": expected}]
