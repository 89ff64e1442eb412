from pathlib import Path

import pytest

from orchestrator.commands.plan import command
from orchestrator.errors import InputError
from tests.commands.image import image, run


@pytest.mark.parametrize(
    "arguments", [["--arch", "nonsense"], ["--build-arg", "NAME"], ["--build-arg", "=A"], ["--build-arg", "A=\udce9"]]
)
def test_wrong_usage_is_found_before_a_registry_is_asked(tmp_path: Path, arguments: list[str]) -> None:
    result = run(command, image(tmp_path), *arguments)

    assert isinstance(result.exception, InputError)


def test_a_plan_writes_no_dockerfiles(tmp_path: Path) -> None:
    run(command, image(tmp_path), "--build-arg", "NAME")

    assert not (tmp_path / "dockerfiles").exists()


def test_the_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: orchestrator plan --variant slim --arch all" in run(command, tmp_path, "--help").output
