"""The local registry for real: started on demand, once, and again after whatever happened to it."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.tools import local_registry
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.local_registry import lifecycle, program
from tests.fake_runner import Answer, FakeRunner
from tests.real import docker, orchestrator

pytestmark = pytest.mark.integration


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A state folder whose registry is gone after the test."""
    yield tmp_path
    orchestrator("registry", "down", "--purge", state=tmp_path)


def up(home: Path) -> str:
    return orchestrator("registry", "up", state=home).stdout.strip()


def status(home: Path) -> dict[str, object]:
    known: dict[str, object] = json.loads(orchestrator("registry", "status", "--format", "json", state=home).stdout)
    return known


def answers(address: str) -> bool:
    with urllib.request.urlopen(f"http://{address}/v2/", timeout=5) as response:
        return bool(response.status == 200)


def test_the_second_start_finds_the_first(home: Path) -> None:
    first = up(home)
    before = status(home)

    second = up(home)

    assert (second, status(home)) == (first, before)
    assert before["storage"] == str(home / "registry" / "data")
    assert asyncio.run(local_registry.served(home)) == first
    assert answers(first)


def test_two_processes_at_once_start_one_registry(home: Path) -> None:
    command = (sys.executable, "-m", "orchestrator", "registry", "up")
    environment = {**os.environ, "ORCHESTRATOR_STATE": str(home)}
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    addresses = {process.communicate(timeout=60)[0].strip() for process in both}

    assert addresses == {status(home)["address"]}
    assert [process.returncode for process in both] == [0, 0]


def test_a_killed_registry_comes_back_where_it_was(home: Path) -> None:
    first = up(home)
    pid = status(home)["pid"]
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGKILL)

    assert status(home)["running"] is False
    assert asyncio.run(local_registry.served(home)) is None
    assert up(home) == first
    assert status(home)["pid"] != pid


def test_a_port_that_was_taken_in_the_meantime_is_left_to_its_new_owner(home: Path) -> None:
    first = up(home)
    orchestrator("registry", "down", state=home)
    host, _, port = first.partition(":")
    with socket.create_server((host, int(port))):
        second = up(home)

    assert second != first
    assert answers(second)


def test_down_stops_it_and_keeps_what_it_stores_until_told_otherwise(home: Path) -> None:
    address = up(home)
    kept = home / "registry" / "data" / "kept"
    kept.touch()

    orchestrator("registry", "down", state=home)
    after_down = (status(home)["running"], kept.exists())
    again = orchestrator("registry", "down", "--purge", state=home)

    assert after_down == (False, True)
    assert "nothing to stop" in again.stderr
    assert not kept.exists()
    assert asyncio.run(local_registry.served(home)) is None
    with pytest.raises(OSError, match="refused"):
        answers(address)


def test_a_variable_of_the_user_does_not_change_its_settings(home: Path) -> None:
    variables = {"REGISTRY_HTTP_ADDR": "0.0.0.0:0", "REGISTRY_STORAGE_DELETE_ENABLED": "false"}

    address = orchestrator("registry", "up", state=home, environment=variables).stdout.strip()

    assert answers(address)


async def test_without_the_program_it_runs_as_a_container(home: Path, engine: Engine, tmp_path: Path) -> None:
    made = not docker(engine, "images", "--quiet", "registry:2")
    if made:
        _make_image(engine, tmp_path / "context")
    # A PATH without the registry's program, and an apt that gets nothing.
    environment = {**os.environ, **engine.environment, "PATH": str(tmp_path)}
    runner = FakeRunner({"apt-get": Answer(100)})
    try:
        address = await lifecycle.ensure(state=home, runner=runner, environment=environment)
        again = await lifecycle.ensure(state=home, runner=runner, environment=environment)
        known = await lifecycle.status(state=home, environment=environment)

        assert answers(address)
        assert address.startswith("127.0.0.1:")
        assert again == address
        assert known == local_registry.LocalRegistry(
            address, running=True, storage=known.container, container=known.container
        )
        assert await lifecycle.down(state=home, environment=environment, purge=True)
        assert docker(engine, "ps", "--all", "--quiet", "--filter", f"name={known.container}") == ""
        assert docker(engine, "volume", "ls", "--quiet", "--filter", f"name={known.container}") == ""
    finally:
        await lifecycle.down(state=home, environment=environment, purge=True)
        if made:
            docker(engine, "rmi", "--force", "registry:2")


def _make_image(engine: Engine, context: Path) -> None:
    """An image of that name from this machine's program and the libraries that it is linked with."""
    found = shutil.which(program.PROGRAM)
    if found is None:
        pytest.fail(f"no {program.PROGRAM}; `orchestrator registry up` as root installs it")
    linked = subprocess.run(("ldd", found), capture_output=True, text=True, check=True).stdout.split()
    for file in (found, *(word for word in linked if word.startswith("/"))):
        copy = context / "root" / file.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    dockerfile = ["FROM scratch", "COPY root /", f'ENTRYPOINT ["{found}", "serve"]', "CMD []"]
    (context / "Dockerfile").write_text("\n".join(dockerfile))
    docker(engine, "buildx", "build", "--builder", "default", "--load", "--tag", "registry:2", str(context))
