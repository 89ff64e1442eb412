"""The verb `registry`, as far as it goes without a registry."""

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.commands.invocation import Invocation
from orchestrator.commands.registry import command
from tests.fake_runner import FakeRunner


def invocation(state: Path) -> Invocation:
    return Invocation(
        root=state,
        state=state,
        environment={},
        overrides={},
        runner=FakeRunner(),
        now=lambda: dt.datetime(2026, 6, 1, tzinfo=dt.UTC),
        machine="x86_64",
        interactive=False,
    )


def test_status_as_json_has_an_address_and_says_that_it_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "place.json").write_text('{"address": "127.0.0.1:5003", "container": ""}')

    result = CliRunner().invoke(command, ["status", "--format", "json"], obj=invocation(tmp_path))

    assert json.loads(result.stdout) == {
        "address": "127.0.0.1:5003",
        "container": "",
        "exit_code": 0,
        "pid": None,
        "running": False,
        "storage": str(tmp_path / "registry" / "data"),
    }


@pytest.mark.parametrize(
    ("words", "stdout", "stderr"),
    [
        (["down"], "", "the local registry does not run; nothing to stop\n"),
        (["down", "--dry-run"], "it does not run\n", ""),
        (["down", "--dry-run", "--purge"], "it does not run\n", ""),
        (["up", "--dry-run"], "would start it on {state}/registry/data\n", ""),
        (
            ["status"],
            "address  none yet\nrunning  no; `orchestrator registry up` starts it\nstorage  {state}/registry/data\n",
            "",
        ),
    ],
)
def test_without_a_registry_it_says_so(tmp_path: Path, words: list[str], stdout: str, stderr: str) -> None:
    result = CliRunner().invoke(command, words, obj=invocation(tmp_path))

    assert (result.stdout, result.stderr) == (stdout.format(state=tmp_path), stderr)


def test_a_dry_run_says_what_a_stopped_registry_would_lose(tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "place.json").write_text('{"address": "127.0.0.1:5003", "container": ""}')

    down = CliRunner().invoke(command, ["down", "--purge", "--dry-run"], obj=invocation(tmp_path))
    up = CliRunner().invoke(command, ["up", "--dry-run", "--format", "json"], obj=invocation(tmp_path))

    assert down.stdout == f"it does not run\nwould delete {tmp_path}/registry/data\n"
    assert (json.loads(up.stdout)["running"], json.loads(up.stdout)["exit_code"]) == (False, 0)


@pytest.mark.parametrize("verb", ["up", "down", "status"])
def test_help_has_an_example(verb: str) -> None:
    assert f"orchestrator registry {verb}" in CliRunner().invoke(command, [verb, "--help"]).stdout
