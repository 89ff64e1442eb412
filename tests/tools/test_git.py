from pathlib import Path

import pytest
from structlog.testing import capture_logs

from orchestrator.tools.git import UNCOMMITTED_EPOCH, commit_times, newest
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
