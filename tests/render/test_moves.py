from dataclasses import replace

import pytest

from orchestrator.errors import UnavailableError
from orchestrator.model.plan import Unknown
from orchestrator.model.publishing.moves import Moved
from orchestrator.render.moves import moves_document, moves_text
from tests.render.moved_tags import MOVES, NEW, OLD, WINDOWS


def test_tags_with_the_same_fate_stand_together_and_unchanged_ones_are_counted() -> None:
    assert moves_text(MOVES) == (
        "REPOSITORY  RESULT      FROM                 TO                   PLATFORMS            TAGS\n"
        f"tool        moved       (new)                {NEW[:19]}  2                    2.0.1, 2.0.1-trixie\n"
        f"tool        moved       {OLD[:19]}  {NEW[:19]}  2                    2.0\n"
        f"tool        would move  {OLD[:19]}  {NEW[:19]}  2 (without riscv64)  2\n"
        "tool        held        -                    -                    0                    "
        "latest: not staged: 2.0/trixie@amd64\n"
        "tool        failed      -                    -                    1                    3: no answer; twice\n"
        "warning: 2.0: goes back from 2.0.2 to 2.0.1\n"
        "tags: 1 failed, 1 held, 3 moved, 1 unchanged, 1 would move\n"
    )


@pytest.mark.parametrize(
    ("several", "expected"),
    [((), "tags: none\n"), ((MOVES[3], MOVES[3]), "tags: 2 unchanged\n")],
)
def test_where_nothing_moves_there_is_no_table(several: tuple[Moved, ...], expected: str) -> None:
    assert moves_text(several) == expected


def test_tags_with_the_same_warning_share_a_line() -> None:
    several = [replace(each, warnings=("names the pre-release 2.0rc1",)) for each in MOVES[:2]]

    assert moves_text(several).splitlines()[-2] == "warning: 2.0.1, 2.0.1-trixie: names the pre-release 2.0rc1"


def test_a_tag_in_a_document_has_everything_that_is_known_of_it() -> None:
    unknown = (Unknown(WINDOWS, UnavailableError("503")),)
    held = replace(MOVES[5], publication=replace(MOVES[5].publication, unknown=unknown))

    document = moves_document((MOVES[0], MOVES[4], replace(MOVES[2], before=OLD), held))

    assert document[0] == {
        "tag": "docker.io/library/tool:2.0.1",
        "result": "moved",
        "before": None,
        "after": NEW,
        "platforms": ["linux/amd64", "windows/amd64 10.0.26100.4061"],
        "kept": [],
        "left_out": [],
        "held_by": [],
        "unknown": [],
        "warnings": [],
        "detail": "",
        "exit_code": 0,
    }
    assert [document[1]["kept"], document[1]["left_out"]] == [["windows/amd64 10.0.26100.4061"], ["2.0/trixie@riscv64"]]
    assert document[2]["warnings"] == ["goes back from 2.0.2 to 2.0.1"]
    assert [document[3]["held_by"], document[3]["unknown"]] == [["2.0/trixie@amd64"], [str(WINDOWS)]]
