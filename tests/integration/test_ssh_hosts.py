"""Engines that are reached by ssh, through a real sshd: what they are, build and test, and what they leave."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import NotAuthorisedError, OrchestratorError, ProgramMissingError, UnavailableError
from orchestrator.model.config import SmokeTest
from orchestrator.tools import smoke, staging
from orchestrator.tools.builders.engines import Engines
from orchestrator.tools.engine import docker_host
from orchestrator.tools.engine.docker_host import Endpoint, Engine
from orchestrator.tools.process import SystemRunner
from tests.docker_contexts import add_context
from tests.integration.test_classic import SLOW, Workshop, connect_to, left_in, through, workshop
from tests.plain_engine import plain_engine
from tests.real import orchestrator
from tests.ssh_server import SshServer, ssh_server

__all__ = ["through", "workshop"]

pytestmark = pytest.mark.integration

PATIENCE_SECONDS = 10


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with ssh_server(tmp_path_factory.mktemp("ssh")) as started:
        yield started


def by_ssh(engine: Engine, host: str = "farm") -> str:
    """The address of an engine of this machine as one that is on a host."""
    return engine.host.replace("unix://", f"ssh://{host}")


def engines(server: SshServer, state: Path) -> Engines:
    return Engines(server.environment, state, SystemRunner(server.environment))


async def test_an_engine_is_the_same_by_ssh(engine: Engine, server: SshServer) -> None:
    near = await docker_host.look_at(Endpoint(engine.host), environment=server.environment)

    far = await docker_host.look_at(Endpoint(by_ssh(engine)), environment=server.environment)

    assert isinstance(near, Engine)
    assert far == replace(near, host=by_ssh(engine), here=False)
    assert server.connections() == []


async def test_a_docker_context_leads_there_for_buildx_and_for_us(
    engine: Engine, server: SshServer, tmp_path: Path
) -> None:
    add_context(tmp_path, "far", host=by_ssh(engine))
    found = replace(server, environment={**server.environment, "DOCKER_CONFIG": str(tmp_path)})

    seen = await engines(found, tmp_path).of_context("far")

    assert (seen.where, "amd64" in seen.runs.native) == (f"the engine at {by_ssh(engine)}", True)


@pytest.mark.parametrize(
    ("host", "error", "message"),
    [
        ("stranger", NotAuthorisedError, "its host key is not known here; log in once by `ssh -- stranger` and comp"),
        ("locked", NotAuthorisedError, "Permission denied (publickey"),
        ("away", UnavailableError, "Connection refused; see that `ssh -- away` gets there, or name another one"),
        ("bare", ProgramMissingError, "not found; install Docker there, or name another one"),
        ("farm/no/docker.sock", UnavailableError, "no such file or directory; start it, or name another one"),
    ],
)
async def test_a_host_that_leads_to_no_engine_is_told_with_its_cause(
    server: SshServer, tmp_path: Path, host: str, error: type[OrchestratorError], message: str
) -> None:
    with pytest.raises(error) as raised:
        await engines(server, tmp_path).at(f"ssh://{host}")

    assert message in str(raised.value)


async def test_the_users_own_choice_is_told_as_such(server: SshServer, tmp_path: Path) -> None:
    chosen = replace(server, environment={**server.environment, "DOCKER_HOST": "ssh://locked"})

    with pytest.raises(NotAuthorisedError, match="logs in without a question, or clear DOCKER_HOST"):
        await engines(chosen, tmp_path).local()


async def test_a_machine_without_ssh_is_told(server: SshServer, tmp_path: Path) -> None:
    bare = replace(server, environment={**server.environment, "PATH": str(tmp_path)})

    with pytest.raises(ProgramMissingError, match=r"`ssh` is not on this machine; .*; install OpenSSH's client"):
        await engines(bare, tmp_path).at("ssh://farm")


async def test_who_waits_for_a_host_that_says_nothing_can_be_cancelled(server: SshServer, tmp_path: Path) -> None:
    task = asyncio.create_task(engines(server, tmp_path).at("ssh://silent"))
    await _until(lambda: len(server.connections()) == 1)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert server.connections() == []


async def test_what_the_classic_builder_made_by_ssh_is_tested_by_ssh(
    workshop: Workshop, engine: Engine, server: SshServer, tmp_path: Path
) -> None:
    seen = await engines(server, tmp_path).at(by_ssh(engine))
    solved = await workshop.solve(seen.connect, "classic", "FROM busybox:trixie\nRUN echo hi > /x\n")
    index = await staging.push(await workshop.layout("classic"), workshop.build, workshop.registry)
    tests = (
        SmokeTest.model_validate({"name": "said", "command": ["cat", "/x"], "stdout": "hi"}),
        SmokeTest.model_validate({"name": "unsaid", "command": ["cat", "/none"]}),
    )

    staged = workshop.build.staging.pinned(staging.image_of(index).digest)
    results = await smoke.run_tests(tests, workshop.build.target, staged, connect=seen.connect)

    assert solved.message == ""
    assert [(result.name, result.problem) for result in results] == [
        ("said", ""),
        ("unsaid", "exit status 1, expected 0: cat: can't open '/none': No such file or directory"),
    ]
    assert server.connections() == []


async def test_cancelling_a_build_by_ssh_leaves_nothing(
    workshop: Workshop, server: SshServer, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with plain_engine(tmp_path_factory.mktemp("e")) as (plain, _):
        await workshop.solve(connect_to(plain), "first", "FROM busybox:trixie\n")
        before = left_in(plain)
        seen = await engines(server, tmp_path).at(by_ssh(plain))
        task = asyncio.create_task(workshop.solve(seen.connect, "slow", SLOW))
        await workshop.printed.wait()

        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert left_in(plain) == before
    assert server.connections() == []


WAITING = """
import asyncio, os, sys
from orchestrator.tools.engine import docker_host
from orchestrator.tools.engine.docker_host import Endpoint

found = asyncio.run(docker_host.look_at(Endpoint(sys.argv[1]), environment=os.environ))
for event in docker_host.client(found, environment=os.environ).events():
    pass
"""


async def test_being_killed_hangs_up(engine: Engine, server: SshServer) -> None:
    waiting = subprocess.Popen((sys.executable, "-c", WAITING, by_ssh(engine)), env=dict(server.environment))  # noqa: ASYNC220 - killed
    try:
        await _until(lambda: any(by_ssh(engine)[len("ssh://farm") :] in line for line in server.connections()))
    finally:
        waiting.send_signal(signal.SIGKILL)
        waiting.wait()

    await _until(lambda: server.connections() == [])


def test_doctor_names_a_host_that_does_not_answer(server: SshServer, tmp_path: Path) -> None:
    (tmp_path / "versions.json").write_text('{"3.14": {"version": "3.14.6", "variants": ["slim-trixie"]}}')
    (tmp_path / "orchestrator.yaml").write_text(
        'image: x\nbuilders: {windows-amd64: {driver: classic, host: "ssh://builder@away"}}\n'
    )

    finished = orchestrator(
        *("-C", str(tmp_path), "doctor", "--format", "json"),
        state=tmp_path / "state",
        environment=server.environment,
        check=False,
    )

    checks = {check["name"]: check for check in json.loads(finished.stdout)["checks"]}
    assert checks["builder windows-amd64"]["state"] == "optional"
    assert (
        "Docker at ssh://builder@away does not answer: ssh: connect to host 127.0.0.1 port "
        in (checks["builder windows-amd64"]["found"])
    )


async def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail(f"not so after {PATIENCE_SECONDS} s")
        await asyncio.sleep(0.05)
