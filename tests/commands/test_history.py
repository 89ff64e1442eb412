import shutil
from pathlib import Path

import pytest

from orchestrator.commands.history import command
from orchestrator.errors import InputError
from tests.commands.image import image, run


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--arch", "amd64"], "--arch: name a TAG, too; without one all runs are listed"),
        (["tool:2.0"], "'tool:2.0' is not a tag; write it like 3.14-slim"),
        (["2.0", "--arch", "x86_64"], "--arch: 'x86_64' is not an arch; did you mean `amd64`?"),
    ],
)
def test_wrong_usage_is_found_before_a_registry_is_asked(tmp_path: Path, arguments: list[str], expected: str) -> None:
    result = run(command, image(tmp_path), *arguments)

    assert isinstance(result.exception, InputError)
    assert str(result.exception) == expected


def test_templates_are_not_needed(tmp_path: Path) -> None:
    shutil.rmtree(image(tmp_path) / "templates")

    result = run(command, tmp_path, "2.0", "--arch", "x86_64")

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith("--arch: 'x86_64' is not an arch")


def test_the_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: orchestrator history 3.14-slim" in run(command, tmp_path, "--help").output
