"""The verb `engine`, as far as it goes without an engine."""

import datetime as dt
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.commands.engine import command
from orchestrator.commands.invocation import Invocation
from orchestrator.errors import InputError
from tests.fake_runner import FakeRunner


def invocation(state: Path, runner: FakeRunner, **environment: str) -> Invocation:
    return Invocation(
        root=state,
        state=state,
        environment=environment,
        overrides={},
        runner=runner,
        now=lambda: dt.datetime(2026, 6, 1, tzinfo=dt.UTC),
        machine="x86_64",
        interactive=False,
    )


def test_down_without_an_engine_of_ours_touches_nothing(tmp_path: Path) -> None:
    runner = FakeRunner()

    result = CliRunner().invoke(command, ["down"], obj=invocation(tmp_path, runner), standalone_mode=False)

    assert (result.stdout, result.stderr) == ("", "no engine of ours runs; nothing to stop\n")
    assert runner.asked == []


def test_a_dry_run_of_down_says_what_would_go(tmp_path: Path) -> None:
    runner = FakeRunner()

    nothing = CliRunner().invoke(command, ["down", "--purge", "--dry-run"], obj=invocation(tmp_path, runner))
    (tmp_path / "engine").mkdir()
    stopped = CliRunner().invoke(command, ["down", "--purge", "--dry-run"], obj=invocation(tmp_path, runner))

    assert nothing.stdout == "no engine of ours runs\n"
    assert stopped.stdout == f"no engine of ours runs\nwould delete {tmp_path / 'engine'}\n"
    assert runner.asked == []


@pytest.mark.parametrize("verb", [["up"], ["up", "--dry-run"], ["status"]])
def test_a_context_that_does_not_exist_is_told_before_anything_is_started(tmp_path: Path, verb: list[str]) -> None:
    runner = FakeRunner()
    given = invocation(tmp_path, runner, DOCKER_CONTEXT="gone")

    result = CliRunner().invoke(command, verb, obj=given, standalone_mode=False)

    assert isinstance(result.exception, InputError)
    assert runner.asked == []


@pytest.mark.parametrize("verb", ["up", "down", "status"])
def test_help_has_an_example(verb: str) -> None:
    assert f"orchestrator engine {verb}" in CliRunner().invoke(command, [verb, "--help"]).stdout
