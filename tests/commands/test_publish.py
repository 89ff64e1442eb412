from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator import __version__
from orchestrator.commands.publish import command, journal, platforms
from orchestrator.errors import InputError, LocalOutputError
from orchestrator.model.publishing.journal import is_run
from tests.commands.image import image, invocation, run


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


@pytest.mark.parametrize("words", [["--arch", "amd64"], ["2.0/trixie@amd64"]])
def test_shared_tags_of_one_arch_are_refused(tmp_path: Path, words: list[str]) -> None:
    result = run(command, image(tmp_path), "--shared-only", *words)

    assert isinstance(result.exception, InputError)
    assert str(result.exception) == (
        "--shared-only: shared tags join all architectures; leave out --arch, and arches of targets"
    )


def test_where_the_document_cannot_be_written_no_registry_is_asked(tmp_path: Path) -> None:
    (image(tmp_path) / "out").write_text("")

    result = run(command, tmp_path)

    assert isinstance(result.exception, LocalOutputError)


def test_the_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: orchestrator publish --version 3.14 --dry-run" in run(command, tmp_path, "--help").output


@pytest.mark.parametrize(
    ("job", "host", "by", "expected"),
    [
        ("jenkins-tool-7", "agent", "", "jenkins-tool-7"),
        ("", "agent", "", "agent"),
        ("jenkins-tool-7", "agent", "Example Maintainer", "Example Maintainer"),
        ("", "", "", "unknown"),
    ],
)
def test_a_journal_says_when_by_what_and_by_whom(tmp_path: Path, job: str, host: str, by: str, expected: str) -> None:
    given = replace(invocation(tmp_path), environment={"BUILD_TAG": job}, host=host)

    begun = journal(given, verb="publish", by=by)

    assert (begun.verb, begun.began, begun.by, begun.tool, begun.entries) == (
        "publish",
        given.now(),
        expected,
        __version__,
        (),
    )
    assert is_run(begun.run)
    assert begun.run != journal(given, verb="publish", by=by).run
