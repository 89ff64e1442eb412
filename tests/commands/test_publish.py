from pathlib import Path

import pytest

from orchestrator.commands.publish import command, platforms
from orchestrator.errors import InputError
from tests.commands.image import image, run


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], set()),
        (["linux/s390x"], {"linux/s390x"}),
        (["linux/arm64"], {"linux/arm64", "linux/arm64/v8"}),
        (["linux/arm/v7", "linux/arm/v5"], {"linux/arm", "linux/arm/v7", "linux/arm/v5"}),
    ],
)
def test_a_platform_that_may_go_is_meant_in_every_spelling(words: list[str], expected: set[str]) -> None:
    assert platforms(words) == expected


@pytest.mark.parametrize("word", ["s390x", "", "linux/", "linux/s390x/v1/x"])
def test_what_is_no_platform_is_refused(tmp_path: Path, word: str) -> None:
    result = run(command, image(tmp_path), "--allow-drop", word)

    assert isinstance(result.exception, InputError)
    assert str(result.exception) == (
        f"--allow-drop: {word!r} is not a platform; write it like linux/amd64 or linux/arm/v7"
    )


def test_the_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: orchestrator publish --version 3.14 --dry-run" in run(command, tmp_path, "--help").output
