import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.update.text import lines_in, rewritten

SHIPPED = Path(__file__).parents[3] / "versions.json"


def canonical(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_a_file_of_docker_library_stays_in_its_form() -> None:
    text = SHIPPED.read_text()
    line = {**lines_in(text)["3.14"], "version": "3.14.99", "note": 'a "quote", a \\ and an é'}

    assert rewritten(text, {"3.14": line}) == canonical({**json.loads(text), "3.14": line})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{ "1" :{"version":"1.0"}\n,\n"2": { "version" : "2.0" } }',
            '{ "1" :{"version":"1.0"}\n,\n"2": {\n    "version": "9"\n  } }',
        ),
        ('{"2":{"a":"}, \\"2\\": {"}}\n\n', '{"2":{\n    "version": "9"\n  }}\n\n'),
    ],
)
def test_other_lines_stay_as_they_are_written_byte_for_byte(text: str, expected: str) -> None:
    assert rewritten(text, {"2": {"version": "9"}}) == expected


@given(
    st.dictionaries(
        st.from_regex(r"[0-9]{1,2}\.[0-9]{1,2}(-rc)?", fullmatch=True),
        st.dictionaries(st.text(), st.one_of(st.text(), st.lists(st.text()), st.dictionaries(st.text(), st.text()))),
    ),
    st.sampled_from([None, 1, "\t"]),
    st.booleans(),
)
def test_rewriting_is_the_same_as_reading_changing_and_writing(
    lines: dict[str, Any], indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(lines, indent=indent, ensure_ascii=ascii_only)

    assert lines_in(text) == lines
    assert rewritten(text, {}) == text
    changed = {name: {"new": "é"} for name in lines}
    assert json.loads(rewritten(text, changed)) == changed
