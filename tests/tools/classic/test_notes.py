"""What builds have in an engine, noted for those who come after a kill."""

from pathlib import Path

import pytest

from orchestrator.errors import LocalOutputError
from orchestrator.tools.classic.notes import abandoned, note


def found(folder: Path) -> list[tuple[str, list[str]]]:
    return [(left.name, left.images) for left in abandoned(folder)]


def test_a_note_of_a_build_that_ended_without_removing_it_is_found(tmp_path: Path) -> None:
    with note(tmp_path / "engine") as ours:
        ours.add(["111111111111"])
        ours.add([])
        ours.add(["222222222222", "333333333333"])

    assert found(tmp_path / "engine") == [(ours.name, ["111111111111", "222222222222", "333333333333"])]
    assert ours.name.startswith("orchestrator-classic:")


def test_a_note_of_a_build_that_runs_is_left_alone(tmp_path: Path) -> None:
    with note(tmp_path) as ours:
        ours.add(["111111111111"])

        assert found(tmp_path) == []


def test_what_is_removed_is_forgotten(tmp_path: Path) -> None:
    with note(tmp_path) as ours:
        ours.add(["111111111111"])
        ours.remove()

    assert (found(tmp_path), list(tmp_path.iterdir())) == ([], [])


def test_a_note_that_another_looks_at_is_found_by_one_alone(tmp_path: Path) -> None:
    with note(tmp_path):
        pass

    for _ in abandoned(tmp_path):
        assert found(tmp_path) == []
    assert len(found(tmp_path)) == 1


@pytest.mark.parametrize("text", ["", "1111", "111111111111", "sha256:1\n", "222\n333333333333"])
def test_half_a_line_names_no_image(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_text(text)

    assert found(tmp_path) == [("orchestrator-classic:a", [])]


def test_two_builds_have_names_of_their_own(tmp_path: Path) -> None:
    with note(tmp_path) as one, note(tmp_path) as other:
        assert one.name != other.name


def test_an_engine_without_notes_has_none(tmp_path: Path) -> None:
    assert found(tmp_path / "none") == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with (
        pytest.raises(LocalOutputError, match=r"file/engine: Not a directory; become its owner, or set ORCHESTRATOR_"),
        note(tmp_path / "file" / "engine"),
    ):
        pass
