from pathlib import Path

import pytest

from orchestrator.commands.build import command
from orchestrator.errors import InputError
from tests.commands.image import image, run


@pytest.mark.parametrize("arguments", [["--force"], ["--reason", "packages are old"]])
def test_building_again_needs_a_reason(tmp_path: Path, arguments: list[str]) -> None:
    result = run(command, image(tmp_path), *arguments)

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith("--force and --reason go together")


def test_the_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: orchestrator build --variant alpine" in run(command, tmp_path, "--help").output
