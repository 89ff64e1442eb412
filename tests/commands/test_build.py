from pathlib import Path

import pytest

from orchestrator.commands.build import command
from orchestrator.errors import InputError
from tests.commands.image import image, run
from tests.test_layout import imported_at_start


@pytest.mark.parametrize("arguments", [["--force"], ["--reason", "packages are old"]])
def test_building_again_needs_a_reason(tmp_path: Path, arguments: list[str]) -> None:
    result = run(command, image(tmp_path), *arguments)

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith("--force and --reason go together")


@pytest.mark.parametrize(
    "arguments",
    [["2.0/trixie"], ["--arch", "native"], ["--build-arg", "A=1"], ["--force", "--reason", "packages are old"]],
)
def test_a_plan_is_carried_out_alone(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "plan.json").write_text("{}")

    result = run(command, image(tmp_path), "--plan", str(tmp_path / "plan.json"), *arguments)

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith("--plan: a plan is carried out as it is; leave out targets")


def test_what_is_no_plan_is_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")

    result = run(command, image(tmp_path), "--plan", str(tmp_path / "plan.json"))

    assert isinstance(result.exception, InputError)
    assert result.exception.problems[0] == f"{tmp_path}/plan.json#/schema: is missing"


def test_the_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: orchestrator build --variant alpine" in run(command, tmp_path, "--help").output


def test_what_builds_alone_need_is_not_imported_before_one_has_to_run() -> None:
    assert imported_at_start("orchestrator.commands.build") & {"docker", "requests", "rich"} == set()
