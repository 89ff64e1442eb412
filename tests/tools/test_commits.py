from pathlib import Path, PurePosixPath

import pytest

from orchestrator.errors import InputError
from orchestrator.model.library.of_image import Committed
from orchestrator.tools.commits import committed
from tests.fake_runner import Answer, FakeRunner

A, B = PurePosixPath("d/1.0/a/Dockerfile"), PurePosixPath("d/1.0/b/Dockerfile")
DOCKERFILES = {"1.0/a": A, "1.0/b": B}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two Dockerfiles, of which the second takes a folder of its context."""
    for path, text in ((A, "FROM scratch\n"), (B, "FROM scratch\nCOPY etc /etc\nCOPY --from=x /bin /bin\n")):
        (tmp_path / path.parent).mkdir(parents=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def git(*, prefix: str = "", committed_files: str = "", changed: str = "") -> FakeRunner:
    words = r"git -C \S+ --literal-pathspecs "
    listed = f"{A}\0{B}\0d/1.0/b/etc/motd\0d/1.0/b/notes\0{committed_files}"
    return FakeRunner(
        {
            f"{words}rev-parse": Answer(stdout=f"{prefix}\nfalse\n"),
            f"{words}ls-tree": Answer(stdout=listed),
            f"{words}status": Answer(stdout=changed),
            f"{words}log.*1.0/a": Answer(stdout="0a 00\n"),
            f"{words}log.*1.0/b": Answer(stdout="0b 00\n"),
        }
    )


async def test_a_commit_counts_that_changed_a_dockerfile_or_what_it_takes(root: Path) -> None:
    runner = git(prefix="images/tool/")

    found = await committed(root, DOCKERFILES, folder="d", runner=runner)

    assert found == {
        "1.0/a": Committed("images/tool/d/1.0/a", "0a"),
        "1.0/b": Committed("images/tool/d/1.0/b", "0b"),
    }
    assert [command[command.index("--") + 1 :] for command in runner.asked if "log" in command] == [
        (str(A),),
        (str(B), "d/1.0/b/etc/motd"),
    ]


async def test_what_a_dockerfile_does_not_take_may_be_uncommitted(root: Path) -> None:
    runner = git(changed="?? d/1.0/b/other\0 M d/1.0/b/notes\0 M d/1.0/a/etc/motd\0")

    assert len(await committed(root, DOCKERFILES, folder="d", runner=runner)) == 2


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (f" M {A}\0", [str(A)]),
        ("?? d/1.0/b/etc/new\0D  d/1.0/b/etc/motd\0", ["d/1.0/b/etc/motd", "d/1.0/b/etc/new"]),
        (f"M  {A}\0A  {B}\0", [str(A), str(B)]),
    ],
)
async def test_what_is_not_committed_is_named_instead_of_a_wrong_commit(
    root: Path, changed: str, expected: list[str]
) -> None:
    with pytest.raises(InputError) as error:
        await committed(root, DOCKERFILES, folder="d", runner=git(changed=changed))

    assert error.value.problems == tuple(
        f"{name}: is not committed as it stands here; commit it, a library file names commits" for name in expected
    )


async def test_a_dockerfile_that_git_ignores_is_not_committed(root: Path) -> None:
    ignored = PurePosixPath("d/1.0/c/Dockerfile")
    (root / ignored.parent).mkdir()
    (root / ignored).write_text("FROM scratch\n")

    with pytest.raises(InputError, match=r"d/1\.0/c/Dockerfile: is not committed as it stands here"):
        await committed(root, {"1.0/c": ignored}, folder="d", runner=git())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "d/1.0/a/Dockerfile: there is no such file; `orchestrator render` writes it, then commit it"),
        ("FROM scratch\nCOPY <<EOF /x\n", "d/1.0/a/Dockerfile: line 2: the heredoc <<EOF has no end"),
    ],
)
async def test_a_dockerfile_that_cannot_be_read_is_named(root: Path, text: str | None, expected: str) -> None:
    (root / A).unlink()
    if text is not None:
        (root / A).write_text(text)

    with pytest.raises(InputError) as error:
        await committed(root, DOCKERFILES, folder="d", runner=git())

    assert error.value.problems == (expected,)
