import contextlib
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from orchestrator.errors import InputError, LocalOutputError
from orchestrator.tools import files
from tests.privileges import without_privileges

A = PurePosixPath("1/a/Dockerfile")
B = PurePosixPath("1/b/Dockerfile")
TREE = {A: "one\n", B: "two\n"}


def _snapshot(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


def test_writing_makes_the_folder_equal_to_the_tree(tmp_path: Path) -> None:
    changed = files.write(tmp_path / "new", TREE)

    assert changed == [A, B]
    assert _snapshot(tmp_path / "new") == {"1/a/Dockerfile": "one\n", "1/b/Dockerfile": "two\n"}


def test_trying_out_a_folder_leaves_nothing_and_says_what_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    files.try_out(tmp_path / "new")

    assert _snapshot(tmp_path) == {"file": ""}
    with pytest.raises(LocalOutputError, match="file: a symbolic link or a file is in the way"):
        files.try_out(tmp_path / "file")


def test_writing_again_touches_nothing(tmp_path: Path) -> None:
    files.write(tmp_path, TREE)
    os.utime(tmp_path / A, (1, 1))

    changed = files.write(tmp_path, TREE)

    assert changed == []
    assert (tmp_path / A).stat().st_mtime == 1


def test_only_files_that_differ_are_stale(tmp_path: Path) -> None:
    files.write(tmp_path, TREE)
    (tmp_path / A).write_bytes(b"one\r\n")

    assert files.stale(tmp_path, {**TREE, PurePosixPath("new"): ""}) == [A, PurePosixPath("new")]


def test_a_file_is_readable_by_others_as_the_umask_says(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        files.write(tmp_path, TREE)
    finally:
        os.umask(mask)

    assert (tmp_path / A).stat().st_mode & 0o777 == 0o644


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    files.write(tmp_path, TREE)
    (tmp_path / A).unlink()
    (tmp_path / A).mkdir()

    with pytest.raises(LocalOutputError, match="1/a/Dockerfile: is a directory"):
        files.write(tmp_path, {A: "new\n"})

    assert _snapshot(tmp_path) == {"1/b/Dockerfile": "two\n"}


@pytest.mark.parametrize("link", ["1", "1/a", "1/a/Dockerfile"])
def test_nothing_is_written_through_a_link(tmp_path: Path, link: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    files.write(elsewhere, {PurePosixPath("file"): "precious\n"})
    root = tmp_path / "root"
    (root / link).parent.mkdir(parents=True)
    (root / link).symlink_to(elsewhere / "file" if link.endswith("Dockerfile") else elsewhere)

    with pytest.raises(LocalOutputError, match="a symbolic link or a file is in the way"):
        files.write(root, TREE)

    assert _snapshot(elsewhere) == {"file": "precious\n"}


def test_what_is_no_plain_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(LocalOutputError, match="pipe: is no plain file, and only such are replaced"):
        files.write(tmp_path, {PurePosixPath("pipe"): ""})

    assert (tmp_path / "pipe").is_fifo()


def test_a_file_without_a_name_is_the_folder(tmp_path: Path) -> None:
    with pytest.raises(LocalOutputError, match=f"^{tmp_path}: is a directory$"):
        files.write(tmp_path, {PurePosixPath(): "x"})

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["../outside", "a/../../outside"])
def test_nothing_is_written_outside(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)

    with pytest.raises(LocalOutputError, match="must stay below its folder"):
        files.write(root, {PurePosixPath(path): "x"})

    assert _snapshot(tmp_path) == {}


def test_only_what_we_wrote_ourselves_counts_as_left_over(tmp_path: Path) -> None:
    ours = "# ours\nFROM a\n"
    files.write(
        tmp_path,
        {
            A: ours,
            B: "FROM a\n",
            PurePosixPath("2/a/Dockerfile"): ours,
            PurePosixPath("2/a/script"): ours,
            PurePosixPath(".git/a/Dockerfile"): ours,
        },
    )
    (tmp_path / "link").symlink_to(tmp_path / "2")
    (tmp_path / "2" / "Dockerfile").symlink_to(tmp_path / A)

    found = files.left_over(tmp_path, {A: ours}, header="# ours", may_be_ours=lambda path: path.name == "Dockerfile")

    assert found == [PurePosixPath("2/a/Dockerfile")]


def test_nothing_is_left_over_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert files.left_over(tmp_path / "none", {}, header="", may_be_ours=lambda path: True) == []


def test_deleting_takes_the_folders_that_become_empty(tmp_path: Path) -> None:
    files.write(tmp_path, {**TREE, PurePosixPath("1/b/notes"): "mine\n"})

    files.delete(tmp_path, [A, B])

    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["1", "1/b", "1/b/notes"]


def test_the_diff_says_what_writing_would_change(tmp_path: Path) -> None:
    files.write(tmp_path, {A: "one\nend", PurePosixPath("gone"): "old\n"})

    diff = files.diff(tmp_path, TREE, [A, B, PurePosixPath("gone")], name=PurePosixPath("out"))

    assert diff == (
        "--- a/out/1/a/Dockerfile\n+++ b/out/1/a/Dockerfile\n@@ -1,2 +1 @@\n one\n-end\n\\ No newline at end of file\n"
        "--- /dev/null\n+++ b/out/1/b/Dockerfile\n@@ -0,0 +1 @@\n+two\n"
        "--- a/out/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n"
    )


def test_a_folder_is_read_by_suffix(tmp_path: Path) -> None:
    files.write(tmp_path, {PurePosixPath("a.j2"): "a", PurePosixPath("b.txt"): "b", PurePosixPath("c/d.j2"): "d"})
    (tmp_path / "e.j2").symlink_to("a.j2")

    assert files.read_folder(tmp_path, suffix=".j2") == {"a.j2": "a", "e.j2": "a"}


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary")
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "a.j2").symlink_to("../secret")

    with pytest.raises(InputError) as caught:
        files.read_folder(folder, suffix=".j2")

    assert str(caught.value) == f"{folder}/a.j2: the link leads out of its folder; put the file itself there"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: None, "there is no such folder"),
        (lambda folder: (folder / "a.j2").mkdir(parents=True), "a.j2: is a directory"),
        (lambda folder: (folder.mkdir(), (folder / "a.j2").write_bytes(b"a\xff")), "byte 1 is not UTF-8"),
    ],
)
def test_a_folder_that_cannot_be_read(tmp_path: Path, make: Callable[[Path], object], message: str) -> None:
    folder = tmp_path / "templates"
    make(folder)

    with pytest.raises(InputError, match=message):
        files.read_folder(folder, suffix=".j2")


def test_a_folder_without_permission(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        Path("templates").mkdir(mode=0)
        with without_privileges(), pytest.raises(InputError, match=r"^templates: permission denied$"):
            files.read_folder(Path("templates"), suffix=".j2")
