"""Commits and their times, asked of the real git."""

import os
import subprocess
from pathlib import Path, PurePosixPath

import pytest
from structlog.testing import capture_logs

from orchestrator.errors import InputError
from orchestrator.model.library.of_image import Committed
from orchestrator.tools.commits import committed
from orchestrator.tools.git import commit_times, newest
from orchestrator.tools.process import SystemRunner

pytestmark = pytest.mark.integration


def git(folder: Path, *words: str, at: int = 0) -> None:
    who = {"NAME": "Example", "EMAIL": "example@example.com", "DATE": f"@{at} +0200"}
    given = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
    settings = ("-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main")
    subprocess.run(("git", "-C", str(folder), *settings, *words), env={**os.environ, **given}, check=True)


def commit(repository: Path, path: str, text: str, *, at: int) -> None:
    (repository / path).parent.mkdir(parents=True, exist_ok=True)
    (repository / path).write_text(text)
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", text, at=at)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    return tmp_path


async def test_each_folder_has_the_time_of_its_last_commit(repository: Path, runner: SystemRunner) -> None:
    commit(repository, "dockerfiles/1.0/trixie/Dockerfile", "one", at=100)
    commit(repository, "dockerfiles/2.0/trixie/Dockerfile", "two", at=200)
    commit(repository, "dockerfiles/2.0/trixie/etc/größe", "three", at=300)
    commit(repository, "README.md", "four", at=400)

    times = await commit_times(repository, "dockerfiles", runner=runner)

    assert times == {
        "dockerfiles/1.0/trixie": 100,
        "dockerfiles/2.0/trixie": 200,
        "dockerfiles/2.0/trixie/etc": 300,
    }
    assert newest("dockerfiles/2.0/trixie", times) == 300


async def test_an_image_below_the_root_of_a_repository_has_its_own_paths(
    repository: Path, runner: SystemRunner
) -> None:
    commit(repository, "images/tool/dockerfiles/1.0/trixie/Dockerfile", "one", at=100)
    commit(repository, "images/other/dockerfiles/1.0/trixie/Dockerfile", "two", at=200)

    assert await commit_times(repository / "images" / "tool", "dockerfiles", runner=runner) == {
        "dockerfiles/1.0/trixie": 100
    }


@pytest.mark.parametrize("is_repository", [True, False])
async def test_without_commits_there_are_no_times(tmp_path: Path, runner: SystemRunner, *, is_repository: bool) -> None:
    if is_repository:
        git(tmp_path, "init", "--quiet")

    with capture_logs() as logs:
        times = await commit_times(tmp_path, "dockerfiles", runner=runner)

    assert (times, [line for line in logs if line["log_level"] != "debug"]) == ({}, [])


TOOL = PurePosixPath("d/1.0/trixie/Dockerfile")
DOCKERFILES = {"1.0/trixie": TOOL}


def head(repository: Path) -> str:
    asked = subprocess.run(("git", "-C", str(repository), "rev-parse", "HEAD"), capture_output=True, check=True)
    return asked.stdout.decode().strip()


@pytest.fixture
def image(repository: Path) -> Path:
    """An image below the root of its repository, with a Dockerfile that takes one of two files."""
    commit(repository, "tool/d/1.0/trixie/größe", "taken", at=100)
    commit(repository, "tool/d/1.0/trixie/notes", "not taken", at=200)
    commit(repository, f"tool/{TOOL}", "FROM scratch\nCOPY größe /\n", at=300)
    return repository / "tool"


async def test_a_directory_was_last_changed_by_what_its_dockerfile_takes(image: Path, runner: SystemRunner) -> None:
    commit(image, "d/1.0/trixie/größe", "taken anew", at=400)
    wanted = head(image)
    commit(image, "d/1.0/trixie/notes", "still not taken", at=500)
    commit(image, "d/2.0/trixie/Dockerfile", "FROM scratch\n", at=600)

    found = await committed(image, DOCKERFILES, folder="d", runner=runner)

    assert found == {"1.0/trixie": Committed("tool/d/1.0/trixie", wanted)}


@pytest.mark.parametrize("folder", ["d", "."])
async def test_a_merge_counts_only_where_it_brings_the_last_change(
    image: Path, runner: SystemRunner, folder: str
) -> None:
    git(image, "checkout", "--quiet", "-b", "side")
    commit(image, str(TOOL), "FROM scratch\nCOPY größe /etc/\n", at=400)
    wanted = head(image)
    git(image, "checkout", "--quiet", "main")
    commit(image, "d/1.0/trixie/notes", "meanwhile", at=500)
    git(image, "merge", "--quiet", "--no-edit", "side", at=600)

    found = await committed(image, DOCKERFILES, folder=folder, runner=runner)

    assert found["1.0/trixie"].commit == wanted


async def test_what_git_does_not_have_is_named(image: Path, runner: SystemRunner) -> None:
    (image / "d/1.0/trixie/größe").write_text("changed")
    (image / "d/1.0/trixie/notes").unlink()

    with pytest.raises(InputError) as error:
        await committed(image, DOCKERFILES, folder="d", runner=runner)

    assert error.value.problems == (
        "d/1.0/trixie/größe: is not committed as it stands here; commit it, a library file names commits",
    )


async def test_a_shallow_clone_names_only_commits_that_it_can_be_sure_of(
    image: Path, runner: SystemRunner, tmp_path_factory: pytest.TempPathFactory
) -> None:
    commit(image, "README.md", "after it", at=400)
    clones = tmp_path_factory.mktemp("clones")
    for depth in (1, 3):
        git(clones, "clone", "--quiet", "--depth", str(depth), image.parent.as_uri(), str(depth))

    deep = await committed(clones / "3" / "tool", DOCKERFILES, folder="d", runner=runner)
    with pytest.raises(InputError, match="the clone is shallow"):
        await committed(clones / "1" / "tool", DOCKERFILES, folder="d", runner=runner)

    assert deep == await committed(image, DOCKERFILES, folder="d", runner=runner)


@pytest.mark.parametrize("is_repository", [True, False])
async def test_without_commits_git_says_why_there_are_none_to_name(
    tmp_path: Path, runner: SystemRunner, *, is_repository: bool
) -> None:
    (tmp_path / TOOL.parent).mkdir(parents=True)
    (tmp_path / TOOL).write_text("FROM scratch\n")
    if is_repository:
        git(tmp_path, "init", "--quiet")

    with pytest.raises(InputError, match="git does not tell what is committed here \\(fatal: "):
        await committed(tmp_path, DOCKERFILES, folder="d", runner=runner)
