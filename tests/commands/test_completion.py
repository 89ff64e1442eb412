from pathlib import Path

import click
import pytest

from orchestrator.commands import completion
from orchestrator.commands.completion import Completer
from tests.commands.image import image


def offered(completer: Completer, root: Path, incomplete: str) -> list[str]:
    ctx = click.Context(click.Command("orchestrator"))
    ctx.params = {"directory": root}
    return completer(ctx, click.Argument(["word"]), incomplete)


@pytest.mark.parametrize(
    ("completer", "incomplete", "expected"),
    [
        (completion.lines, "", ["2.0", "1.0"]),
        (completion.lines, "1", ["1.0"]),
        (completion.variants, "", ["debian", "trixie", "slim", "slim-trixie"]),
        (completion.variants, "sl", ["slim", "slim-trixie"]),
        (completion.targets, "2.0/", ["2.0/trixie", "2.0/slim-trixie"]),
        (completion.targets, "3", []),
        (completion.arches, "a", ["all", "amd64", "arm32v5", "arm32v6", "arm32v7", "arm64v8"]),
    ],
)
def test_a_word_is_completed_from_the_files_of_the_image(
    tmp_path: Path, completer: Completer, incomplete: str, expected: list[str]
) -> None:
    assert offered(completer, image(tmp_path), incomplete) == expected


@pytest.mark.parametrize("completer", [completion.lines, completion.variants, completion.targets])
def test_nothing_is_offered_where_there_is_no_image(tmp_path: Path, completer: Completer) -> None:
    assert offered(completer, tmp_path, "") == []
