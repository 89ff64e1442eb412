import fcntl
import os
from pathlib import Path

import pytest

from orchestrator.errors import LocalOutputError
from orchestrator.tools.scratch import scratch


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


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(LocalOutputError, match="builds need a place for passing files"), scratch(tmp_path / "file"):
        pass
