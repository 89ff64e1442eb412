import contextlib
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator.errors import InputError, LocalOutputError
from orchestrator.model.plan.build_id import build_id
from orchestrator.tools.contexts import check, copy, files
from tests.privileges import without_privileges
from tests.samples import build

EPOCH = 1_700_000_000


ALL = "FROM x\nCOPY . /\n"
MOTD = "FROM x\nCOPY motd /\n"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A Dockerfile, a text and a program in a folder."""
    directory = tmp_path / "context"
    (directory / "sub").mkdir(parents=True)
    for name, text, mode in (("Dockerfile", ALL, 0o700), ("motd", "hello", 0o660), ("sub/run", "#!", 0o711)):
        (directory / name).write_text(text)
        (directory / name).chmod(mode)
    return directory


def test_files_are_named_by_content_and_programs_are_marked(context: Path) -> None:
    assert files(context, ALL) == {
        "Dockerfile": sha256(ALL),
        "motd": sha256("hello"),
        "sub/run": f"{sha256('#!')}+x",
    }


def test_only_what_can_be_reached_counts(context: Path) -> None:
    assert files(context, MOTD) == {"motd": sha256("hello")}
    assert files(context, "FROM x\nRUN tool\n") == {}


def test_the_dockerfile_counts_as_it_is_rendered_whatever_is_on_disk(context: Path) -> None:
    (context / "Dockerfile").unlink()

    assert files(context, ALL)["Dockerfile"] == sha256(ALL)


@pytest.mark.parametrize(
    ("name", "rules", "expected"),
    [
        (".dockerignore", "sub\n", ["Dockerfile", "motd", ".dockerignore"]),
        (".dockerignore", "*\n!motd\n", ["motd"]),
        ("Dockerfile.dockerignore", "Dockerfile*\nsub\n", ["motd"]),
        ("ignored", "*\n", ["Dockerfile", "ignored", "motd", "sub/run"]),
    ],
)
def test_what_is_ignored_does_not_count(context: Path, name: str, rules: str, expected: list[str]) -> None:
    (context / name).write_text(rules)

    assert sorted(files(context, ALL)) == sorted(expected)


def test_of_two_files_of_rules_that_of_the_dockerfile_counts(context: Path) -> None:
    (context / ".dockerignore").write_text("motd\n")
    (context / "Dockerfile.dockerignore").write_text("sub\n*ignore\n")

    assert sorted(files(context, ALL)) == ["Dockerfile", "motd"]


def test_wrong_rules_are_told_with_their_place(context: Path) -> None:
    (context / ".dockerignore").write_text("sub\n[\n")

    with pytest.raises(InputError, match=r"/\.dockerignore: line 2: '\[' is no pattern"):
        files(context, ALL)


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
def test_what_is_no_plain_file_is_refused_where_it_can_be_reached(
    context: Path, spoil: Callable[[Path], object]
) -> None:
    spoil(context)

    with pytest.raises(InputError, match="expected a plain file in a build context; replace the link by its content"):
        files(context, ALL)
    assert list(files(context, MOTD)) == ["motd"]


@pytest.mark.parametrize("unreadable", [".", "sub", "motd"])
def test_what_cannot_be_read_is_refused_and_never_left_out_in_silence(context: Path, unreadable: str) -> None:
    (context / "motd").chmod(0o644)

    with contextlib.chdir(context):
        Path(unreadable).chmod(0)
        with without_privileges(), pytest.raises(InputError) as caught:
            files(Path(), ALL)
        context.chmod(0o755)

    assert str(caught.value) == f"{unreadable}: permission denied"


def test_what_cannot_be_read_may_be_ignored(context: Path) -> None:
    (context / "motd").chmod(0o644)
    (context / "sub").chmod(0)
    (context / ".dockerignore").write_text("sub\n")

    with contextlib.chdir(context), without_privileges():
        found = files(Path(), ALL)

    assert sorted(found) == [".dockerignore", "Dockerfile", "motd"]


@pytest.mark.parametrize(
    ("name", "shown", "character"),
    [
        ("two\nlines", r"'sub/two\nlines'", "U+000A"),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), r"'sub/caf\udce9'", "U+DCE9"),
        ("fdp.\u202egpj", r"'sub/fdp.\u202egpj'", "U+202E"),
    ],
)
def test_a_name_that_cannot_be_shown_is_refused_where_it_can_be_reached(
    context: Path, name: str, shown: str, character: str
) -> None:
    (context / "sub" / name).touch()

    with pytest.raises(InputError) as caught:
        files(context, ALL)

    assert str(caught.value) == (
        f"{context}: {shown}: the name of a file in a build context contains the character {character}; rename it"
    )
    assert list(files(context, MOTD)) == ["motd"]


@pytest.mark.parametrize("source", ["folder/run", "folder/*", "fold*/r*", "./folder/../folder/run"])
def test_a_linked_folder_is_refused_where_a_source_leads_through_it(context: Path, source: str) -> None:
    (context / "folder").symlink_to("sub")

    with pytest.raises(InputError, match=r"/folder: expected a plain file"):
        files(context, f"FROM x\nCOPY {source} /\n")


def test_a_linked_folder_that_is_kept_out_is_no_obstacle(context: Path) -> None:
    (context / "folder").symlink_to("sub")
    (context / ".dockerignore").write_text("folder\n")

    assert list(files(context, "FROM x\nCOPY */run /\n")) == ["sub/run"]


def test_a_folder_that_was_not_rendered_yet_has_only_the_dockerfile(tmp_path: Path) -> None:
    assert files(tmp_path / "nothing", ALL) == {"Dockerfile": sha256(ALL)}


def test_a_copy_has_one_time_and_two_modes(context: Path, tmp_path: Path) -> None:
    copied = copy(context, tmp_path / "copy", files=files(context, ALL), epoch=EPOCH)

    assert {
        path.relative_to(copied).as_posix(): (path.stat().st_mode & 0o777, path.stat().st_mtime)
        for path in copied.rglob("*")
        if path.is_file()
    } == {
        "Dockerfile": (0o644, EPOCH),
        "Dockerfile.dockerignore": (0o644, EPOCH),
        "motd": (0o644, EPOCH),
        "sub/run": (0o755, EPOCH),
    }
    assert {path.stat().st_mtime for path in (copied, copied / "sub")} == {EPOCH}


def test_a_copy_holds_what_counts_and_nothing_else(context: Path, tmp_path: Path) -> None:
    (context / "empty").mkdir()
    (context / ".dockerignore").write_text("*\n")

    copied = copy(context, tmp_path / "copy", files=["motd"], epoch=EPOCH)

    assert sorted(path.name for path in copied.rglob("*")) == ["Dockerfile", "Dockerfile.dockerignore", "motd"]
    assert (copied / "Dockerfile.dockerignore").read_text() == "Dockerfile.dockerignore\nDockerfile\n"


def test_rules_that_count_themselves_are_copied_as_they_are(context: Path, tmp_path: Path) -> None:
    (context / "Dockerfile.dockerignore").write_text("sub\n")

    copied = copy(context, tmp_path / "copy", files=files(context, ALL), epoch=EPOCH)

    assert (copied / "Dockerfile.dockerignore").read_text() == "sub\n"


def test_folders_of_a_copy_do_not_depend_on_the_umask(context: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        strict = copy(context, tmp_path / "strict", files=["sub/run"], epoch=EPOCH)
    finally:
        os.umask(before)

    assert {path.stat().st_mode & 0o777 for path in (strict, strict / "sub")} == {0o755}


def test_a_copy_takes_the_place_of_an_older_one(context: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "left").touch()

    copied = copy(context, tmp_path / "copy", files=["motd"], epoch=EPOCH)

    assert sorted(path.name for path in copied.iterdir()) == ["Dockerfile", "Dockerfile.dockerignore", "motd"]


def test_a_copy_that_cannot_be_written_is_told(context: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(LocalOutputError, match="Not a directory; the build's context cannot be written there"):
        copy(context, tmp_path / "file" / "copy", epoch=EPOCH)


def test_a_copy_is_what_its_build_is_named_after(context: Path, tmp_path: Path) -> None:
    counted = files(context, ALL)
    inputs = replace(build("2.0/trixie@amd64").inputs, dockerfile=sha256(ALL), files=counted)
    check(copy(context, tmp_path / "copy", files=counted, epoch=EPOCH), inputs)
    (context / "motd").unlink()
    (context / "motd").symlink_to("sub/run")
    (context / "sub" / "run").chmod(0o644)
    (context / "new").touch()

    copied = copy(context, tmp_path / "copy", files=counted, epoch=EPOCH)

    with pytest.raises(InputError, match=r"^motd, sub/run: changed while the build was being prepared; run it again$"):
        check(copied, inputs)


def test_a_dockerfile_that_changed_is_told(context: Path) -> None:
    inputs = replace(build("2.0/trixie@amd64").inputs, dockerfile=sha256("FROM y\n"), files={})

    with pytest.raises(InputError, match=r"^Dockerfile: changed"):
        check(context, inputs)


NAMES = st.sampled_from(["a", "b", "ab", "a.txt", "B", "é"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TREES = st.dictionaries(PATHS, st.text(max_size=3), max_size=6).map(
    lambda tree: {path: text for path, text in tree.items() if not any(other.startswith(f"{path}/") for other in tree)}
)


def written(tree: Mapping[str, str], folder: Path, *, paths: Sequence[str]) -> Path:
    """Write files in this order."""
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(tree[path])
    return folder


def named(folder: Path, dockerfile: str) -> str:
    """The build ID of a build that differs in nothing but its context."""
    return build_id(replace(build("2.0/trixie@amd64").inputs, files=files(folder, dockerfile)))


@settings(deadline=None)
@given(tree=TREES, source=PATHS, data=st.data())
def test_a_file_changes_the_build_id_exactly_when_it_can_be_reached(
    tree: Mapping[str, str], source: str, data: st.DataObject
) -> None:
    assume(tree)
    changed = data.draw(st.sampled_from(sorted(tree)))
    is_reached = changed == source or changed.startswith(f"{source}/")
    dockerfile = f"FROM x\nCOPY {source} /x/\n"
    with TemporaryDirectory() as folder:
        root = written(tree, Path(folder), paths=sorted(tree))
        before = named(root, dockerfile)

        (root / changed).write_text(tree[changed] + "!")

        assert (named(root, dockerfile) != before) is is_reached


@settings(deadline=None)
@given(tree=TREES, data=st.data())
def test_order_time_and_place_of_files_do_not_matter(tree: Mapping[str, str], data: st.DataObject) -> None:
    paths = data.draw(st.permutations(sorted(tree)))
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        first = written(tree, Path(one), paths=sorted(tree))
        second = written(tree, Path(other, "deep", "clone"), paths=paths)
        for path in second.rglob("*"):
            os.utime(path, (EPOCH, EPOCH))

        with contextlib.chdir(first):
            here = named(Path(), ALL)

        assert here == named(second, ALL)
