from pathlib import Path

import pytest
from structlog.testing import capture_logs

from orchestrator.errors import InputError
from orchestrator.tools.git import UNCOMMITTED_EPOCH, Checkout, checkout, commit_time, commit_times, last_commit, newest
from tests.fake_runner import ABSENT, Answer, FakeRunner

# Newest first, as git log prints: time, an empty line, names.
LOG = (
    "\x00200\n\ndockerfiles/2.0/slim/Dockerfile\n"
    "\x00100\n\ndockerfiles/2.0/slim/Dockerfile\ndockerfiles/2.0/full/etc/motd\n"
)
TIMES = {"dockerfiles/2.0/slim": 200, "dockerfiles/2.0/full/etc": 100}


async def test_the_newest_commit_of_each_folder_counts() -> None:
    runner = FakeRunner({"git": Answer(stdout=LOG)})

    times = await commit_times(Path("/image"), "dockerfiles", runner=runner)

    assert times == TIMES
    assert [command[:3] for command in runner.asked] == [("git", "-C", "/image")]


@pytest.mark.parametrize(
    ("answer", "warned"),
    [
        (ABSENT, False),
        (Answer(128, stderr="fatal: not a git repository (or any of the parent directories): .git"), False),
        (Answer(128, stderr="fatal: your current branch 'main' does not have any commits yet"), False),
        (Answer(128, stderr="fatal: detected dubious ownership in repository at '/image'"), True),
    ],
)
async def test_without_an_answer_of_git_there_are_no_times(answer: Answer, *, warned: bool) -> None:
    with capture_logs() as logs:
        times = await commit_times(Path("/image"), "dockerfiles", runner=FakeRunner({"git": answer}))

    assert (times, [line["event"] for line in logs]) == ({}, ["git does not tell commit times"] if warned else [])


@pytest.mark.parametrize(
    ("directory", "expected"),
    [
        ("dockerfiles/2.0/slim", 200),
        ("dockerfiles/2.0/full", 100),
        ("dockerfiles/2.0", 200),
        ("dockerfiles/2.0/sl", UNCOMMITTED_EPOCH),
    ],
)
def test_a_directory_is_as_new_as_what_is_below_it(directory: str, expected: int) -> None:
    assert newest(directory, TIMES) == expected


ASKED = r"git -C /image --literal-pathspecs "


async def test_a_checkout_has_paths_as_the_folder_of_the_image_sees_them() -> None:
    runner = FakeRunner(
        {
            f"{ASKED}rev-parse": Answer(stdout="images/tool/\ntrue\n"),
            f"{ASKED}ls-tree": Answer(stdout="1/a\x001/b c\x00"),
            f"{ASKED}status": Answer(stdout=" M images/tool/1/a\x00?? images/tool/2/d\x00"),
        }
    )

    found = await checkout(Path("/image"), ".", runner=runner)

    assert found == Checkout("images/tool/", True, frozenset({"1/a", "1/b c"}), frozenset({"1/a", "2/d"}))
    assert [command[-1] for command in runner.asked] == ["--is-shallow-repository", ".", "."]


@pytest.mark.parametrize(
    ("stdout", "is_shallow"), [("0a 0b\n", False), ("0a 0b\n", True), ("0a 0b 0c\n", True), ("0a \n", False)]
)
async def test_the_last_commit_is_the_first_that_git_names(stdout: str, *, is_shallow: bool) -> None:
    runner = FakeRunner({f"{ASKED}log": Answer(stdout=stdout)})

    assert await last_commit(Path("/image"), ["1/a", "1/b"], is_shallow=is_shallow, runner=runner) == "0a"
    assert runner.asked[0][-4:] == ("HEAD", "--", "1/a", "1/b")


async def test_a_commit_at_the_end_of_a_shallow_clone_is_not_taken_for_the_last_one() -> None:
    runner = FakeRunner({f"{ASKED}log": Answer(stdout="0a \n")})

    with pytest.raises(InputError, match=r"the clone is shallow, .* changed 1/a may be beyond its end; `git fetch"):
        await last_commit(Path("/image"), ["1/a"], is_shallow=True, runner=runner)


async def test_outside_a_checkout_git_says_why_it_cannot_tell() -> None:
    runner = FakeRunner({f"{ASKED}rev-parse": Answer(128, stderr="fatal: not a git repository\n")})

    with pytest.raises(InputError) as error:
        await checkout(Path("/image"), ".", runner=runner)

    assert str(error.value) == ("/image: git does not tell what is committed here (fatal: not a git repository)")


@pytest.mark.parametrize(
    ("answer", "expected", "warned"),
    [
        (Answer(stdout="1700000000\n"), 1_700_000_000, False),
        (Answer(stdout=""), None, False),
        (ABSENT, None, False),
        (Answer(128, stderr="fatal: not a git repository (or any of the parent directories): .git"), None, False),
        (Answer(128, stderr="fatal: detected dubious ownership in repository at '/image'"), None, True),
    ],
)
async def test_a_checkout_is_as_new_as_its_commit(answer: Answer, expected: int | None, *, warned: bool) -> None:
    with capture_logs() as logs:
        time = await commit_time(Path("/image"), runner=FakeRunner({"git": answer}))

    assert (time, [line["event"] for line in logs]) == (
        expected,
        ["git does not tell commit times"] if warned else [],
    )
