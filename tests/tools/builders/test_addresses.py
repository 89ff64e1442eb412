import pytest

from orchestrator.tools.builders.addresses import is_elsewhere, reaches

HERE = ("unix:///run/docker.sock", "npipe:////./pipe/docker_engine", "tcp://127.0.0.1:1234", "tcp://localhost:1234")
ELSEWHERE = ("tcp://10.0.0.5:1234", "tcp://builder.example:1234", "ssh://me@builder.example", "docker-container://b")


@pytest.mark.parametrize("address", [*HERE, *ELSEWHERE])
def test_every_builder_reaches_a_registry_that_has_a_name(address: str) -> None:
    assert reaches(address, "registry.example")


@pytest.mark.parametrize("registry", ["127.0.0.1:5000", "localhost:5000", "[::1]:5000"])
@pytest.mark.parametrize(
    ("address", "expected"), [*((address, True) for address in HERE), *((address, False) for address in ELSEWHERE)]
)
def test_loopback_leads_each_machine_to_itself(address: str, registry: str, *, expected: bool) -> None:
    assert reaches(address, registry) == expected


@pytest.mark.parametrize("address", [*HERE, *ELSEWHERE, ""])
def test_only_connections_over_tcp_to_other_machines_leave_as_they_are(address: str) -> None:
    assert is_elsewhere(address) == (address in {"tcp://10.0.0.5:1234", "tcp://builder.example:1234"})
