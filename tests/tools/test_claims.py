"""Claims on what is in a shared folder; a second handle stands for another process."""

import fcntl
import os
from pathlib import Path

import pytest

from orchestrator.tools.claims import abandoned, claimed


def made(folder: Path, name: str) -> Path:
    path = folder / name
    path.touch()
    return path


def test_what_is_claimed_is_not_abandoned_until_its_process_lets_go(tmp_path: Path) -> None:
    with claimed(tmp_path, lambda: made(tmp_path, "mine")) as mine:
        while_claimed = list(abandoned(tmp_path))

    assert (mine, while_claimed, list(abandoned(tmp_path))) == (tmp_path / "mine", [], [tmp_path / "mine"])


def test_what_is_abandoned_is_looked_at_by_one_alone(tmp_path: Path) -> None:
    made(tmp_path, "left")

    found = [list(abandoned(tmp_path)) for _ in abandoned(tmp_path)]

    assert found == [[]]


def test_nothing_is_taken_for_abandoned_between_its_making_and_its_claim(tmp_path: Path) -> None:
    held: list[bool] = []

    def make() -> Path:
        other = os.open(tmp_path, os.O_RDONLY)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.append(True)
        finally:
            os.close(other)
        return made(tmp_path, "mine")

    with claimed(tmp_path, make):
        pass

    assert held == [True]


def test_what_went_while_others_were_looked_at_is_not_there(tmp_path: Path) -> None:
    for name in ("one", "other"):
        made(tmp_path, name)

    found = []
    for left in abandoned(tmp_path):
        found.append(left.name)
        (tmp_path / "other").unlink()

    assert found == ["one"]


def test_a_claim_ends_with_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), claimed(tmp_path, lambda: made(tmp_path, "mine")):
        raise ValueError("inside")

    assert list(abandoned(tmp_path)) == [tmp_path / "mine"]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert list(abandoned(tmp_path / "none")) == []
