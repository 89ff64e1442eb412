from pathlib import Path

import pytest

from orchestrator.errors import ExitCode, ProgramMissingError, UnavailableError
from orchestrator.tools.builders import remote
from orchestrator.tools.buildx import Order, build_command
from orchestrator.tools.engine.capabilities import Capabilities
from orchestrator.tools.watchdog import Limits
from tests.fake_runner import ABSENT, Answer, FakeRunner
from tests.samples import build

ENDPOINT = "tcp://10.0.0.5:1234"
INSPECTED = Answer(stdout="Name: remote\nStatus: running\nPlatforms: linux/s390x, linux/amd64\n")
CREATE = ("docker", "buildx", "create", "--name", "remote", "--driver", "remote", ENDPOINT)


async def test_what_a_daemon_runs_is_asked_in_a_folder_of_its_own(tmp_path: Path) -> None:
    runner = FakeRunner({"docker buildx inspect": INSPECTED})

    runs = await remote.look_at(ENDPOINT, runner=runner, folder=tmp_path)

    assert runs == Capabilities(frozenset({"s390x"}), frozenset({"amd64"}))
    assert runner.asked == [CREATE, ("docker", "buildx", "inspect", "remote")]
    assert runner.environments == [{"BUILDX_CONFIG": str(tmp_path)}] * 2


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"docker buildx create": Answer(1, stderr="ERROR: protocol not available\n")}, "protocol not available"),
        ({"docker buildx inspect": Answer(stdout="Status: inactive\n")}, "no BuildKit answers there"),
    ],
)
async def test_a_daemon_that_does_not_answer_is_told_by_its_address(
    tmp_path: Path, script: dict[str, Answer], reason: str
) -> None:
    with pytest.raises(UnavailableError) as raised:
        await remote.look_at(ENDPOINT, runner=FakeRunner(script), folder=tmp_path)

    assert raised.value.problems == (f"the builder at {ENDPOINT}: {reason}; start it, or name another one",)


async def test_without_dockers_client_there_is_no_way_to_a_daemon(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissingError, match="`docker` is not on this machine"):
        await remote.look_at(ENDPOINT, runner=FakeRunner({"docker": ABSENT}), folder=tmp_path)


async def test_buildx_is_told_of_the_daemon_before_each_build(tmp_path: Path) -> None:
    runner = FakeRunner()
    order = Order(
        build=build("2.0/trixie@s390x"),
        builder=remote.NAME,
        context=tmp_path / "context",
        sources=None,
        output=tmp_path / "layout",
        epoch=315_532_800,
        log=tmp_path / "build.log",
        pushes=True,
    )

    solved = await remote.solve(
        order,
        endpoint=ENDPOINT,
        runner=runner,
        limits=Limits(60, 60, float("inf")),
        on_progress=lambda progress: None,
        on_line=lambda line: None,
    )

    assert (solved.code, runner.asked) == (ExitCode.DONE, [CREATE, tuple(build_command(order))])
    assert {environment["BUILDX_CONFIG"] for environment in runner.environments} == {str(tmp_path / "buildx")}
