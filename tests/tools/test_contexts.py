import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import InputError, LocalOutputError
from orchestrator.tools.contexts import check, copy, files
from tests.samples import build

EPOCH = 1_700_000_000


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A Dockerfile, a text and a program in a folder."""
    directory = tmp_path / "context"
    (directory / "sub").mkdir(parents=True)
    for name, text, mode in (("Dockerfile", "FROM x\n", 0o600), ("motd", "hello", 0o660), ("sub/run", "#!", 0o711)):
        (directory / name).write_text(text)
        (directory / name).chmod(mode)
    return directory


def test_files_are_named_by_content_and_programs_are_marked(context: Path) -> None:
    assert files(context) == {"motd": sha256("hello"), "sub/run": f"{sha256('#!')}+x"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda context: (context / "link").symlink_to("motd"),
        lambda context: (context / "folder").symlink_to("sub"),
        lambda context: (context / "nowhere").symlink_to("gone"),
        lambda context: os.mkfifo(context / "pipe"),
    ],
    ids=["link to a file", "link to a folder", "dangling link", "pipe"],
)
def test_what_is_no_plain_file_is_refused(context: Path, spoil: Callable[[Path], object]) -> None:
    spoil(context)

    with pytest.raises(InputError, match="expected a plain file in a build context; replace the link by its content"):
        files(context)


def test_a_folder_that_was_not_rendered_yet_is_empty(tmp_path: Path) -> None:
    assert files(tmp_path / "nothing") == {}


def test_a_copy_has_one_time_and_two_modes(context: Path, tmp_path: Path) -> None:
    (context / "empty").mkdir(mode=0o700)

    copied = copy(context, tmp_path / "copy", epoch=EPOCH)

    assert {
        path.relative_to(copied).as_posix(): (path.stat().st_mode & 0o777, path.stat().st_mtime)
        for path in copied.rglob("*")
        if path.is_file()
    } == {"Dockerfile": (0o644, EPOCH), "motd": (0o644, EPOCH), "sub/run": (0o755, EPOCH)}
    assert {path.stat().st_mtime for path in (copied, copied / "sub", copied / "empty")} == {EPOCH}


def test_folders_of_a_copy_do_not_depend_on_the_umask(context: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        strict = copy(context, tmp_path / "strict", epoch=EPOCH)
    finally:
        os.umask(before)

    assert {path.stat().st_mode & 0o777 for path in (strict, strict / "sub")} == {0o755}


def test_a_copy_takes_the_place_of_an_older_one(context: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "left").touch()

    copied = copy(context, tmp_path / "copy", epoch=EPOCH)

    assert sorted(path.name for path in copied.iterdir()) == ["Dockerfile", "motd", "sub"]


def test_a_copy_that_cannot_be_written_is_told(context: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(LocalOutputError, match="Not a directory; the build's context cannot be written there"):
        copy(context, tmp_path / "file" / "copy", epoch=EPOCH)


def test_a_context_is_what_its_build_is_named_after(context: Path) -> None:
    inputs = replace(build("2.0/trixie@amd64").inputs, dockerfile=sha256("FROM x\n"), files=files(context))
    check(context, inputs)
    (context / "motd").write_text("changed")
    (context / "new").touch()

    with pytest.raises(InputError, match=r"^motd, new: changed while the build was being prepared; run it again$"):
        check(context, inputs)


def test_a_dockerfile_that_changed_is_told(context: Path) -> None:
    inputs = replace(build("2.0/trixie@amd64").inputs, dockerfile=sha256("FROM y\n"), files=files(context))

    with pytest.raises(InputError, match=r"^Dockerfile: changed"):
        check(context, inputs)
