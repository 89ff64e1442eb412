from pathlib import Path

from orchestrator.commands.update import command
from orchestrator.errors import InputError, NothingSelectedError
from tests.commands.image import CONFIG, image, run

UPSTREAM = """\
upstream:
  listings: [{url: https://example.org/, entry: 'href="{version}/"'}]
"""


def test_an_image_that_names_no_upstream_is_told_what_to_add(tmp_path: Path) -> None:
    result = run(command, image(tmp_path))

    assert isinstance(result.exception, InputError)
    assert result.exception.problems == (
        "orchestrator.yaml: upstream/listings: there are none; name the pages that list releases",
    )


def test_lines_that_there_are_not_are_all_named(tmp_path: Path) -> None:
    result = run(command, image(tmp_path, config=CONFIG + UPSTREAM), "2.0", "2.1", "1.1")

    assert isinstance(result.exception, NothingSelectedError)
    assert result.exception.problems == (
        "versions.json has no line '2.1'; did you mean `2.0`?",
        "versions.json has no line '1.1'; did you mean `1.0`?",
    )
