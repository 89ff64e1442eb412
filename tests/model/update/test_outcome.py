from typing import Any

import pytest

from orchestrator.errors import ExitCode
from orchestrator.model.update.outcome import LineUpdate, commit_message, document

WINDOWS = "windows/windowsservercore-ltsc2025"


def state(version: str, *variants: str, sha256: str = "0", **more: Any) -> dict[str, Any]:
    checksums = {"source": {"sha256": sha256 * 64}}
    return {"version": version, "variants": ["trixie", *variants], "checksums": checksums, **more}


def update(line: str, old: dict[str, Any], new: dict[str, Any]) -> LineUpdate:
    return LineUpdate(line, old, new)


MOVED = update("3.14", state("3.14.6"), state("3.14.7"))
LESS = update("3.13", state("3.13.1", WINDOWS), state("3.13.2"))
BACK = update("3.13", state("3.13.2"), state("3.13.2", WINDOWS))
SAME = update("3.12", state("3.12.1"), state("3.12.1"))
LIBRARY = update("3.11", state("3.11.1", lib={"version": "1"}), state("3.11.2", lib={"version": "2"}))
REMADE = update("3.10", state("3.10.1"), state("3.10.1", sha256="1"))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (MOVED, "Update 3.14 to 3.14.7"),
        (LESS, "Update 3.13 to 3.13.2"),
        (LIBRARY, "Update 3.11 to 3.11.2, lib 2"),
        (BACK, "Add windowsservercore-ltsc2025 to 3.13"),
        (REMADE, "Correct the checksums of 3.10"),
        (SAME, ""),
    ],
)
def test_a_sentence_says_what_changed_in_a_line(found: LineUpdate, expected: str) -> None:
    assert found.sentence == expected


@pytest.mark.parametrize(
    ("updates", "expected"),
    [
        ([SAME], ""),
        ([SAME, MOVED], "Update 3.14 to 3.14.7\n"),
        ([LESS], "Update 3.13 to 3.13.2\n\n- 3.13: without windowsservercore-ltsc2025\n"),
        ([BACK], "Add windowsservercore-ltsc2025 to 3.13\n"),
        (
            [MOVED, LESS],
            "Update 3.14 to 3.14.7, 3.13 to 3.13.2\n\n"
            "- 3.14: 3.14.6 -> 3.14.7\n- 3.13: 3.13.1 -> 3.13.2\n- 3.13: without windowsservercore-ltsc2025\n",
        ),
        (
            [MOVED, BACK, REMADE],
            "Update 3.14, 3.13, 3.10\n\n- 3.14: 3.14.6 -> 3.14.7\n"
            "- Add windowsservercore-ltsc2025 to 3.13\n- Correct the checksums of 3.10\n",
        ),
        (
            [MOVED, LESS, update("3.15-rc", state("3.15.0b3"), state("3.15.0rc1")), LIBRARY],
            "Update 3.14, 3.13, 3.15-rc, 3.11\n\n- 3.14: 3.14.6 -> 3.14.7\n- 3.13: 3.13.1 -> 3.13.2\n"
            "- 3.13: without windowsservercore-ltsc2025\n- 3.15-rc: 3.15.0b3 -> 3.15.0rc1\n"
            "- 3.11: 3.11.1 -> 3.11.2, lib 2\n",
        ),
    ],
)
def test_a_commit_message_has_a_short_subject_and_a_list_where_there_is_more_to_say(
    updates: list[LineUpdate], expected: str
) -> None:
    assert commit_message(updates) == expected


def test_the_document_has_each_line_before_and_after() -> None:
    failed = LineUpdate("3.12", SAME.old, SAME.old, ("note",), ("problem",), ExitCode.UNAVAILABLE)

    assert document([LESS, failed], ExitCode.UNAVAILABLE) == {
        "schema": 1,
        "exit_code": 13,
        "commit_message": "Update 3.13 to 3.13.2\n\n- 3.13: without windowsservercore-ltsc2025\n",
        "lines": [
            {
                "line": "3.13",
                "changed": True,
                "old": LESS.old,
                "new": LESS.new,
                "added": [],
                "removed": ["windowsservercore-ltsc2025"],
                "message": "Update 3.13 to 3.13.2",
                "notes": [],
                "problems": [],
            },
            {
                "line": "3.12",
                "changed": False,
                "old": SAME.old,
                "new": SAME.old,
                "added": [],
                "removed": [],
                "message": "",
                "notes": ["note"],
                "problems": ["problem"],
            },
        ],
    }
