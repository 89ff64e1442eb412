import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from orchestrator.errors import LocalOutputError
from orchestrator.tools.scratch import end_left, scratch
from orchestrator.tools.servers import Server
from tests.tools.test_servers import proc, process


def test_the_folder_is_gone_with_the_run(tmp_path: Path) -> None:
    with scratch(tmp_path / "tmp") as mine:
        (mine / "layout").mkdir()
        (mine / "layout" / "blob").touch()

    assert list((tmp_path / "tmp").iterdir()) == []


def test_it_is_gone_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), scratch(tmp_path):
        raise ValueError("inside")

    assert list(tmp_path.iterdir()) == []


def test_runs_at_once_have_a_folder_each(tmp_path: Path) -> None:
    with scratch(tmp_path) as one, scratch(tmp_path) as other:
        there = {path.name for path in tmp_path.iterdir()}

    assert (one != other, there) == (True, {one.name, other.name})


def test_what_a_killed_run_left_is_swept_away_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    (tmp_path / "run-killed" / "layout").mkdir(parents=True)
    (tmp_path / "run-alive").mkdir()
    alive = os.open(tmp_path / "run-alive", os.O_RDONLY)
    fcntl.flock(alive, fcntl.LOCK_EX)
    try:
        with scratch(tmp_path) as mine:
            there = {path.name for path in tmp_path.iterdir()}
    finally:
        os.close(alive)

    assert there == {"run-alive", mine.name}


async def test_what_a_killed_run_left_at_work_is_ended_and_what_works_for_another_is_not(tmp_path: Path) -> None:
    folder, processes = tmp_path / "tmp", proc(tmp_path / "proc")
    stopped: list[Server] = []

    async def stop(found: Iterable[Server], *, grace_seconds: float) -> None:
        stopped.extend(found)

    with scratch(folder) as mine:
        (folder / "run-killed").mkdir()
        process(processes, 11, words=("docker", "buildx", "build", f"{folder}/run-killed/context"))
        process(processes, 12, words=("/usr/libexec/docker-buildx", "buildx"), parent=11)
        process(processes, 13, words=("docker", "buildx", "build", f"{mine}/context"))
        process(processes, 14, words=("less", f"{folder}/run-killed/layout/index.json"))
        await end_left(folder, proc=processes, stop=stop)

    assert [each.pid for each in stopped] == [12, 11]


async def test_what_cannot_be_ended_is_told_and_left(tmp_path: Path) -> None:
    (tmp_path / "run-killed").mkdir()

    async def stop(found: Iterable[Server], *, grace_seconds: float) -> None:
        raise LocalOutputError("process 7 belongs to another user")

    with capture_logs() as logs:
        await end_left(tmp_path, stop=stop)

    assert [(each["event"], each["problem"]) for each in logs] == [
        ("a build of a killed run goes on", "process 7 belongs to another user")
    ]


async def test_where_nothing_was_left_nothing_is_ended(tmp_path: Path) -> None:
    async def stop(found: Iterable[Server], *, grace_seconds: float) -> None:
        pytest.fail("there is nothing to end")

    await end_left(tmp_path / "none", stop=stop)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(LocalOutputError, match="builds need a place for passing files"), scratch(tmp_path / "file"):
        pass
