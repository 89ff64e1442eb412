"""Commit times, asked of the real git."""

import os
import subprocess
from pathlib import Path

import pytest
from structlog.testing import capture_logs

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
