"""Tests of where registries are reached."""

import pytest
from yarl import URL

from orchestrator.tools.registry.endpoints import Endpoints


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
