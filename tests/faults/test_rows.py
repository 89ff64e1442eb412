"""The table of faults and the tests agree."""

import re
from pathlib import Path

from tests.faults.rows import ROWS

TESTS = Path(__file__).parents[1]


def test_each_row_has_a_test_and_each_test_its_row() -> None:
    marks = [
        mark
        for path in TESTS.rglob("test_*.py")
        for mark in re.findall(r'(?:mark\.row|case)\(\s*((?:"\w+"(?:, )?)+)', path.read_text(encoding="utf-8"))
    ]

    assert {name for mark in marks for name in re.findall(r'"(\w+)"', mark)} == set(ROWS)
