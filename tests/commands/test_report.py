"""Tests of the verb `report` before it asks any registry."""

from pathlib import Path

import pytest

from orchestrator.commands.report import command
from orchestrator.errors import InputError
from tests.commands.image import image, run


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "IMAGE: name one, or give --all"),
        (["--diff", "a"], "--diff: name two images"),
        (["--diff", "a", "b", "--all"], "--diff: compares two images; leave --all and -o out"),
        (["--diff", "a", "b", "-o", "x"], "--diff: compares two images; leave --all and -o out"),
        (["--diff", "a", "b", "--referrers"], "--referrers: goes with reports; leave it out with --diff"),
        (["a", "--platform", "linux/amd64"], "--platform: goes with --diff"),
        (["--diff", "a", "b", "--platform", "linux"], "--platform: 'linux' is not a platform"),
        (["a", "--dry-run"], "--dry-run: nothing is written without -o"),
        (["A B"], "IMAGE: 'A B' is not an image reference"),
        (["a@sha256:12"], "IMAGE: 'a@sha256:12' is not an image reference"),
        (["--all"], "--all without an IMAGE: there is no orchestrator.yaml here"),
        (["--all", "a:1"], "--all: 'a:1' is a tag, expected a repository"),
        (["--all", "A"], "IMAGE: 'A' is not an image reference"),
        (["a:1@2026-01-31"], "a:1@2026-01-31: there is no orchestrator.yaml here"),
    ],
)
def test_wrong_usage_is_told(tmp_path: Path, arguments: list[str], problem: str) -> None:
    result = run(command, tmp_path, *arguments)

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(problem)


def test_a_date_that_is_none_is_told(tmp_path: Path) -> None:
    result = run(command, image(tmp_path), "tool:1.0@2026-13-01")

    assert isinstance(result.exception, InputError)
    assert str(result.exception) == "IMAGE: '2026-13-01' is no date; write it like 2026-01-31 or 2026-01-31T12:00"
