"""Tests of the verb `verify`; with registries it is tested in tests/faults."""

import json
from pathlib import Path

import pytest

from orchestrator.commands.verify import command
from orchestrator.errors import ExitCode, InputError
from tests.commands.image import run
from tests.tools.test_verify import made


def test_a_layout_that_is_whole_is_said_to_be(tmp_path: Path) -> None:
    made(tmp_path / "layout")

    result = run(command, tmp_path, "--deep", "oci:layout")

    assert (result.return_value, result.stdout.splitlines()[0].partition(" (")[0]) == (
        ExitCode.DONE,
        f"oci:{tmp_path}/layout index.json",
    )


def test_a_layout_that_is_damaged_ends_with_its_own_code(tmp_path: Path) -> None:
    layout = made(tmp_path / "layout")
    layout.path(layout.entries[0]["digest"]).unlink()

    result = run(command, tmp_path, "oci:layout", "--format", "json")

    problems = json.loads(result.stdout)["places"][0]["problems"]
    assert (result.return_value, [problem["digest"] for problem in problems]) == (
        ExitCode.CONTRACT_BROKEN,
        [layout.entries[0]["digest"]],
    )


@pytest.mark.parametrize("name", ["UPPER", "oci:none", "a b"])
def test_what_is_no_image_is_an_error(tmp_path: Path, name: str) -> None:
    assert isinstance(run(command, tmp_path, name).exception, InputError)


def test_the_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: orchestrator verify --deep" in run(command, tmp_path, "--help").output
