import shutil
from pathlib import Path

import pytest

from orchestrator.commands.rollback import command
from orchestrator.errors import InputError
from tests.commands.image import image, run


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["20260131T120000Z-0123abcd", "--allow-drop", "s390x"], "--allow-drop: 's390x' is not a platform"),
        (["latest"], "'latest' is not a run; write it like 20260131T120000Z-0123abcd"),
    ],
)
def test_wrong_usage_is_found_before_a_registry_is_asked(tmp_path: Path, arguments: list[str], expected: str) -> None:
    result = run(command, image(tmp_path), *arguments)

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(expected)


def test_templates_are_not_needed(tmp_path: Path) -> None:
    shutil.rmtree(image(tmp_path) / "templates")

    result = run(command, tmp_path, "latest")

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith("'latest' is not a run")


def test_the_help_has_an_example(tmp_path: Path) -> None:
    said = run(command, tmp_path, "--help").output

    assert "Example: orchestrator rollback 20260131T120000Z-0123abcd --dry-run" in said
