from pathlib import Path

import pytest
from structlog.testing import capture_logs

from orchestrator.errors import InputError
from orchestrator.tools.library_files import base_arches, read

HEAD = f"Maintainers: One (@one)\nGitRepo: https://example.com/x.git\nGitCommit: {'0a' * 20}\n\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "debian").write_text(
        f"{HEAD}Tags: trixie\nSharedTags: latest\nArchitectures: s390x, amd64\n\n"
        "Tags: bookworm-slim\nSharedTags: latest\nArchitectures: i386\n"
    )
    (tmp_path / "alpine").write_text(f"{HEAD}Tags: 3.24\n")
    return tmp_path


def test_a_base_has_the_arches_of_its_tag_in_the_file_of_its_name(folder: Path) -> None:
    assert base_arches(["debian:trixie", "docker.io/library/alpine:3.24", "debian"], folder) == {
        "debian:trixie": ("amd64", "s390x"),
        "docker.io/library/alpine:3.24": ("amd64",),
        "debian": ("amd64", "i386", "s390x"),
    }


def test_every_base_without_an_answer_is_named(folder: Path) -> None:
    with pytest.raises(InputError) as error:
        base_arches(["debian:sid", "alpine:3.24", "alpine:9"], folder)

    assert error.value.problems == (
        f"{folder}/debian: no entry has the tag sid",
        f"{folder}/alpine: no entry has the tag 9",
    )


@pytest.mark.parametrize("base", ["ghcr.io/library/debian:trixie", "someone/debian:trixie"])
def test_a_base_that_is_no_official_image_has_no_file(folder: Path, base: str) -> None:
    with pytest.raises(InputError) as error:
        base_arches(["debian:trixie", base], folder)

    assert error.value.problems == (f"base {base}: is no official image; name its `architectures`",)


def test_files_that_are_missing_or_wrong_are_told_at_once(folder: Path) -> None:
    (folder / "debian").write_text("x")

    with pytest.raises(InputError) as error:
        base_arches(["debian:trixie", "ubuntu:noble"], folder)

    assert error.value.problems == (
        f"{folder}/debian:1: Maintainers is missing in the first paragraph, which is for all entries",
        f"{folder}/debian:1: expected `Name: value`, got 'x'",
        f"{folder}/ubuntu: no such file or directory",
    )


def test_what_is_read_as_something_else_is_warned_about(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("Maintainers: One (@one)\nGitRepo: git://github.com/x/y.git\n")

    with capture_logs() as logs:
        library = read(tmp_path / "x")

    assert library.defaults.origin.git_repo == "https://github.com/x/y.git"
    assert [(line["log_level"], line["what"]) for line in logs] == [
        (
            "warning",
            f"{tmp_path}/x:2: GitRepo: git://github.com/x/y.git is read as https://, which GitHub speaks",
        )
    ]
