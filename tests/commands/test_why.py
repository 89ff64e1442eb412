from pathlib import Path

import pytest

from orchestrator.commands.why import command
from orchestrator.errors import InputError
from tests.commands.image import image, run


@pytest.mark.parametrize("arguments", [["--arch", "nonsense"], ["--build-arg", "NAME"]])
def test_wrong_usage_is_found_before_a_registry_is_asked(tmp_path: Path, arguments: list[str]) -> None:
    assert isinstance(run(command, image(tmp_path), *arguments).exception, InputError)


def test_the_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: orchestrator why 3.14/slim-trixie@arm64v8" in run(command, tmp_path, "--help").output
