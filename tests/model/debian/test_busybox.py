import io
import tarfile

import pytest

from orchestrator.model.debian.busybox import Entry, applets, archive, root

PROGRAM = b"\x7fELF...messages\0[\0[[\0ash\0busybox\0ls\0sh\0\0\0\x01\x02more"


def test_applets_are_read_from_the_program() -> None:
    assert applets(PROGRAM) == ("[", "[[", "ash", "busybox", "ls", "sh")


@pytest.mark.parametrize("program", [b"", b"\x7fELF", b"[\0[[\0ls\0\0", b"sh\0"])
def test_a_program_without_a_table_of_applets_is_refused(program: bytes) -> None:
    with pytest.raises(ValueError, match="table of applets"):
        applets(program)


def test_the_root_has_the_program_under_all_its_names() -> None:
    entries = root(PROGRAM, copyright_text=b"GPL-2")

    assert entries["usr/bin/busybox"] == Entry(PROGRAM)
    assert {path for path, entry in entries.items() if entry.target == "busybox"} == {
        f"usr/bin/{name}" for name in ("[", "[[", "ash", "ls", "sh")
    }


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("bin", Entry(target="usr/bin")),
        ("sbin", Entry(target="usr/sbin")),
        ("lib", Entry(target="usr/lib")),
        ("tmp", Entry(mode=0o1777)),
        ("root", Entry(mode=0o700)),
        ("usr/share/doc/busybox-static/copyright", Entry(b"GPL-2", mode=0o644)),
    ],
)
def test_the_root_has_what_programs_expect(path: str, entry: Entry) -> None:
    assert root(PROGRAM, copyright_text=b"GPL-2")[path] == entry


def test_every_entry_stands_in_a_folder_of_the_root() -> None:
    entries = root(PROGRAM, copyright_text=b"GPL-2")

    parents = {path.rpartition("/")[0] for path in entries if "/" in path}

    assert {parent for parent in parents if entries.get(parent) != Entry()} == set()


def test_an_archive_says_nothing_of_the_machine_that_made_it() -> None:
    entries = {"b": Entry(b"text", mode=0o644), "a": Entry(), "a/c": Entry(target="../b")}

    with tarfile.open(fileobj=io.BytesIO(archive(entries, mtime=7))) as tar:
        members = [
            (member.name, member.type, member.mode, member.mtime, member.uid, member.gid, member.uname, member.linkname)
            for member in tar
        ]
        content = tar.extractfile("b")
        assert content is not None
        assert content.read() == b"text"

    assert members == [
        ("a", tarfile.DIRTYPE, 0o755, 7, 0, 0, "", ""),
        ("a/c", tarfile.SYMTYPE, 0o777, 7, 0, 0, "", "../b"),
        ("b", tarfile.REGTYPE, 0o644, 7, 0, 0, "", ""),
    ]


def test_the_order_in_which_entries_are_given_does_not_show() -> None:
    entries = {"b": Entry(b"text"), "a": Entry()}

    assert archive(entries, mtime=7) == archive(dict(reversed(entries.items())), mtime=7)
