import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import InputError
from orchestrator.model.strict_json import MAX_BYTES, MAX_DEPTH, load

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"3.14": {"version": "3.14.6"}}', {"3.14": {"version": "3.14.6"}}),
        (' [1, -2, 2.5, true, null, "x"]\n', [1, -2, 2.5, True, None, "x"]),
        ('{"a": {"x": 1}, "b": {"x": 1}}', {"a": {"x": 1}, "b": {"x": 1}}),
        ('"[[[{{{\\"[["', '[[[{{{"[['),
        ("[" * MAX_DEPTH + "]" * MAX_DEPTH, None),
        ('"caf\\u00e9"', "café"),
        ("999999999999999", 999_999_999_999_999),
    ],
)
def test_a_good_text_is_read(text: str, expected: Any) -> None:
    value = load(text, name="versions.json")

    assert expected is None or value == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "versions.json: is empty; expected a JSON document"),
        (" \n", "versions.json: is empty; expected a JSON document"),
        (
            "{",
            "versions.json:1:2: ends before the document is complete: "
            "expecting property name enclosed in double quotes",
        ),
        ('{"a": "x', "versions.json:1:7: not JSON: a string that does not end"),
        ('{\n "a": [1,]\n}', "versions.json:2:10: not JSON: expecting value"),
        ('{"a": 1}\n[2]', "versions.json:2:1: text after the end of the document; expected one JSON value"),
        ('{"a": "x\ny"}', "versions.json:1:9: not JSON: a line break or another control character in a string"),
        ("\ufeff{}", "versions.json:1:1: starts with a byte order mark; save it as plain UTF-8"),
        ("[" * 100_000, f"versions.json:1:{MAX_DEPTH + 1}: is nested deeper than {MAX_DEPTH} levels"),
        ('{"a":\n' * 100, f"versions.json:{MAX_DEPTH + 1}:1: is nested deeper than {MAX_DEPTH} levels"),
        ('"' + "x" * MAX_BYTES + '"', f"versions.json: is larger than {MAX_BYTES} bytes; nothing that we read is"),
        ("9" * 5000, "versions.json#: the number is too large; put it in quotes"),
    ],
)
def test_a_text_without_a_value_is_one_error(text: str, expected: str) -> None:
    with pytest.raises(InputError) as error:
        load(text, name="versions.json")

    assert error.value.problems == (expected,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1, "a": 1}', ["#/a: this key stands there more than once; keep one"]),
        ('[{"x": {"a/b~": 1, "a/b~": 2}}]', ["#/0/x/a~1b~0: this key stands there more than once; keep one"]),
        (
            '{"a": NaN, "b": [-Infinity, 1e999]}',
            [
                "#/a: NaN is not JSON; write a number or text in quotes",
                "#/b/0: -Infinity is not JSON; write a number or text in quotes",
                "#/b/1: the number is too large; put it in quotes",
            ],
        ),
        (
            r'{"a": "1.0\nRUN id", "b\u0007": 1}',
            ["#/a: contains the character U+000A; remove it", "#/b<U+0007>: contains the character U+0007; remove it"],
        ),
        (
            r'["\u2028", "\ud800"]',
            [f"#/{i}: contains the character U+{c}; remove it" for i, c in ((0, 2028), (1, "D800"))],
        ),
        (
            '{"a": {"b": 1, "b": NaN}, "a": 1234567890123456}',
            [
                "#/a/b: this key stands there more than once; keep one",
                "#/a/b: NaN is not JSON; write a number or text in quotes",
                "#/a: this key stands there more than once; keep one",
                "#/a: the number is too large; put it in quotes",
            ],
        ),
    ],
)
def test_every_wrong_place_is_named_at_once(text: str, expected: list[str]) -> None:
    with pytest.raises(InputError) as error:
        load(text, name="versions.json")

    assert error.value.problems == tuple(f"versions.json{problem}" for problem in expected)


@given(VALUES)
def test_what_json_writes_is_read_alike_or_refused(value: Any) -> None:
    text = json.dumps(value)

    try:
        read = load(text, name="x")
    except InputError:
        return

    assert read == json.loads(text)


@given(
    st.text(alphabet='[]{}",:\\u0123eE+-.truefalsn \n\x00\ufeff')
    | st.text()
    | VALUES.map(json.dumps).map(lambda t: t[:-1])
)
def test_any_text_is_read_as_json_reads_it_or_refused(text: str) -> None:
    try:
        read = load(text, name="x")
    except InputError:
        return

    assert read == json.loads(text)
    assert not (isinstance(read, float) and not math.isfinite(read))
