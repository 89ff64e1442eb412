from pathlib import Path

import pytest

from orchestrator.commands.status import command
from orchestrator.errors import InputError, NothingSelectedError
from tests.commands.image import CONFIG, image, run


def test_the_help_has_examples(tmp_path: Path) -> None:
    result = run(command, tmp_path, "--help")

    assert "Example: orchestrator status --html out/status.html" in result.output


def test_what_selects_nothing_is_refused_before_a_registry_is_asked(tmp_path: Path) -> None:
    result = run(command, image(tmp_path), "--version", "7.0")

    assert isinstance(result.exception, NothingSelectedError)


@pytest.mark.parametrize("arguments", [["--build-arg", "A"], ["--build-arg", "A B=1"]])
def test_wrong_build_arguments_are_refused_before_a_registry_is_asked(tmp_path: Path, arguments: list[str]) -> None:
    result = run(command, image(tmp_path), *arguments)

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith("--build-arg")


def test_a_wrong_input_is_named_by_its_place(tmp_path: Path) -> None:
    result = run(command, image(tmp_path, config=f"{CONFIG}namespce: x\n"))

    assert isinstance(result.exception, InputError)
    assert "namespce" in str(result.exception)
