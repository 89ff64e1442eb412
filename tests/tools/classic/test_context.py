"""The context that an engine gets is equal for equal files, and holds nothing that COPY should not find."""

import os
import tarfile
from pathlib import Path

import pytest

from orchestrator.errors import InputError, LocalOutputError
from orchestrator.tools.classic.context import DOCKERFILE, downloads, write

EPOCH = 1_767_225_600


def member(name: str, archive: Path) -> tuple[bytes, int, int, int]:
    with tarfile.open(archive) as opened:
        found = opened.getmember(name)
        file = opened.extractfile(found)
        return (file.read() if file else b"", found.mode, int(found.mtime), found.uid)


def folder(root: Path, *, umask: int = 0o022) -> dict[str, Path]:
    before = os.umask(umask)
    try:
        for name, content in {"b/run.sh": b"run", "b/c/text": b"text", "a": b"a"}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (root / "b" / "run.sh").chmod(0o777 & ~umask)
    finally:
        os.umask(before)
    return {name: root / name for name in ("b/run.sh", "b/c/text", "a")}


def test_files_and_folders_have_one_mode_and_one_time(tmp_path: Path) -> None:
    write(tmp_path / "context.tar", "FROM x\n", files=folder(tmp_path / "files"), epoch=EPOCH)

    with tarfile.open(tmp_path / "context.tar") as archive:
        names = archive.getnames()
    assert names == [DOCKERFILE, ".dockerignore", "a", "b", "b/c", "b/c/text", "b/run.sh"]
    assert {name: member(name, tmp_path / "context.tar") for name in names} == {
        DOCKERFILE: (b"FROM x\n", 0o644, EPOCH, 0),
        ".dockerignore": (b".orchestrator-dockerfile\n.dockerignore\n", 0o644, EPOCH, 0),
        "a": (b"a", 0o644, EPOCH, 0),
        "b": (b"", 0o755, EPOCH, 0),
        "b/c": (b"", 0o755, EPOCH, 0),
        "b/c/text": (b"text", 0o644, EPOCH, 0),
        "b/run.sh": (b"run", 0o755, EPOCH, 0),
    }


def test_equal_files_give_equal_bytes(tmp_path: Path) -> None:
    one, two = folder(tmp_path / "one"), folder(tmp_path / "two", umask=0o077)
    os.utime(two["a"], (1, 1))

    write(tmp_path / "1.tar", "FROM x\n", files=one, epoch=EPOCH)
    write(tmp_path / "2.tar", "FROM x\n", files=dict(reversed(two.items())), epoch=EPOCH)

    assert (tmp_path / "1.tar").read_bytes() == (tmp_path / "2.tar").read_bytes()


def test_downloads_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    files = folder(tmp_path)

    assert downloads(tmp_path) == {f".orchestrator-source/{name}": path for name, path in files.items()}


def test_a_file_that_steers_the_builder_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").touch()

    with pytest.raises(InputError, match=r"^\.dockerignore: a COPY takes it, .* add the line `\.dockerignore` to it"):
        write(tmp_path / "c.tar", "", files={".dockerignore": tmp_path / ".dockerignore"}, epoch=EPOCH)


@pytest.mark.parametrize(
    ("into", "files", "expected"),
    [
        ("missing/c.tar", {}, r"missing/c\.tar: No such file"),
        ("c.tar", {"a": Path("/nonexistent")}, "/nonexistent: No such file"),
    ],
)
def test_a_disk_that_refuses_is_told(tmp_path: Path, into: str, files: dict[str, Path], expected: str) -> None:
    with pytest.raises(LocalOutputError, match=expected):
        write(tmp_path / into, "", files=files, epoch=EPOCH)
