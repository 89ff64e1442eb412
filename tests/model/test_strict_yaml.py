import datetime as dt
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import InputError
from orchestrator.model.problems import Problem
from orchestrator.model.strict_yaml import MAX_DEPTH, parse

NAME = "orchestrator.yaml"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.dates() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("# nothing\n", None),
        ("image: python", {"image": "python"}),
        ('"3.10": ["3", latest]', {"3.10": ["3", "latest"]}),
        ("{a: true, b: False, c: null, d: ~, e: }", {"a": True, "b": False, "c": None, "d": None, "e": None}),
        ("[0, -1, +2, 42]", [0, -1, 2, 42]),
        ("until: 2026-12-31", {"until": dt.date(2026, 12, 31)}),
        ('until: "2026-12-31"', {"until": "2026-12-31"}),
        (
            "[3.14.6, 3.15-rc, v3.10, 1.2.3.4, 127.0.0.1:5000]",
            ["3.14.6", "3.15-rc", "v3.10", "1.2.3.4", "127.0.0.1:5000"],
        ),
        ('["yes", \'3.10\', "0o17", "1:30"]', ["yes", "3.10", "0o17", "1:30"]),
        ("a: >-\n  one\n  line\n", {"a": "one line"}),
        ("a: 708e7481cc80179af0e556bbf0cc00b8444c7321\n", {"a": "708e7481cc80179af0e556bbf0cc00b8444c7321"}),
        ("---\na: [x]\n...\n", {"a": ["x"]}),
        ("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
        ("a: b\r\nc: d\r\n", {"a": "b", "c": "d"}),
    ],
)
def test_a_good_text_is_read(text: str, expected: Any) -> None:
    document = parse(text, name=NAME)

    assert (document.value, document.problems) == (expected, ())


NUMBER = 'is a number to YAML, which does not keep its digits; put it in quotes: "{}"'
TRUTH = 'is a truth value to some readers of YAML; write true or false, or put it in quotes: "{}"'
FORM = 'is a number in a form that readers of YAML disagree about; write it in plain digits, or put it in quotes: "{}"'
TIME = 'is a time to YAML; write a day like 2026-12-31, or put it in quotes: "{}"'


@pytest.mark.parametrize(
    ("word", "why"),
    [
        *((word, NUMBER) for word in ("3.10", "3.", ".5", "-1.0", "1e3", "12e5", "+.inf", ".NaN", "1.5e-3")),
        *((word, NUMBER) for word in ("1_000", "1234567890123456")),
        *((word, TRUTH) for word in ("yes", "No", "ON", "off", "y", "N")),
        *((word, FORM) for word in ("017", "0o17", "0x1F", "0b11", "1:30", "190:20:30", "1:30.5")),
        *((word, TIME) for word in ("2026-13-01", "2026-1-2", "2026-12-31T10:00:00Z", "2026-12-31 10:00:00")),
    ],
)
def test_a_word_that_is_not_what_it_looks_like_is_refused(word: str, why: str) -> None:
    document = parse(f"a:\n  - {word}\n", name=NAME)

    assert document.problems == (Problem(("a", 0), f"{word} {why.format(word)}"),)
    assert document.value == {"a": [word]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", [":1: a: this key stands there again in line 3; keep one"]),
        ("3.10: x", [f":1: 3.10: 3.10 {NUMBER.format('3.10')}"]),
        ("3: x", [':1: 3: the key 3 is not text to YAML; put it in quotes: "3"']),
        ("a:\n  true: x", [':2: a/true: the key true is not text to YAML; put it in quotes: "true"']),
        ("on: x", [f":1: on: on {TRUTH.format('on')}"]),
        ("2026-12-31: x", [':1: 2026-12-31: the key 2026-12-31 is not text to YAML; put it in quotes: "2026-12-31"']),
        ("~: x", [':1: ~: the key ~ is not text to YAML; put it in quotes: "~"']),
        ("a: !!str 3.10", [":1: a: the tag tag:yaml.org,2002:str is not read; remove it, and put text in quotes"]),
        (
            "a: !!python/name:os.system x",
            [":1: a: the tag tag:yaml.org,2002:python/name:os.system is not read; remove it, and put text in quotes"],
        ),
        ("a: ! x", [":1: a: the tag ! is not read; remove it, and put text in quotes"]),
        ("x: &b {a: y1}\nc:\n  <<: *b\n", [":3: c/<<: merge keys are not read; write the keys out"]),
        (
            "a: |\n  RUN id\n  x\n",
            [":1: a: contains the character U+000A; keep values on one line, without control characters"],
        ),
        ('a: "tab\\t"', [":1: a: contains the character U+0009; keep values on one line, without control characters"]),
        (
            '"k\\u0085": 1',
            [":1: k\x85: contains the character U+0085; keep values on one line, without control characters"],
        ),
    ],
)
def test_a_wrong_place_is_named_by_its_line(text: str, expected: list[str]) -> None:
    document = parse(text, name=NAME)

    assert document.report(()) == tuple(f"{NAME}{problem}" for problem in expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [", ":2:1: not YAML: did not find expected node content"),
        ("a: b: c", ":1:5: not YAML: mapping values are not allowed in this context"),
        ("a: 1\n---\nb: 2\n", ":2: has several documents; expected one"),
        ("? [a]\n: b", ":1: expected a plain key"),
        ("a: *x", ":1: *x has no anchor before it"),
        ("a: &x [*x]", ":1: *x has no anchor before it"),
        ("[" * 100_000, f":1: is nested deeper than {MAX_DEPTH} levels"),
        ("a: x\nb: \x07\n", ":2:4: contains the character U+0007; remove it"),
        ("\ufeffa: x", ":1:1: contains the character U+FEFF; remove it"),
        ("a: \u202e", ":1:4: contains the character U+202E; remove it"),
        ("a: x" * 300_000, ": is larger than 1048576 characters; nothing that we read is"),
        ("[" + "1," * 50_000 + "]", ":1: has more than 50000 values, aliases followed"),
    ],
)
def test_a_text_without_a_value_is_one_error(text: str, expected: str) -> None:
    with pytest.raises(InputError) as error:
        parse(text, name=NAME)

    assert error.value.problems == (f"{NAME}{expected}",)


def test_aliases_that_multiply_are_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(9)
    )

    with pytest.raises(InputError, match="has more than 50000 values, aliases followed"):
        parse(bomb, name=NAME)


def test_every_place_has_a_line() -> None:
    document = parse("image: python\nexclude:\n  - arch: s390x\n    reason: x\n  - {arch: i386}\n", name=NAME)

    places = [(), ("image",), ("exclude",), ("exclude", 0), ("exclude", 0, "reason"), ("exclude", 1, "reason"), ("no",)]
    assert [document.line(place) for place in places] == [1, 1, 2, 3, 4, 5, 1]


def test_a_report_is_in_the_order_of_lines_and_says_each_place_once() -> None:
    document = parse("a: yes\nb: x\nc: 3.10\n", name=NAME)

    report = document.report(
        [Problem(("b",), "is wrong"), Problem(("a",), "follows from the other"), Problem((), "all")]
    )

    assert report == (
        f"{NAME}:1: all",
        f"{NAME}:1: a: yes {TRUTH.format('yes')}",
        f"{NAME}:2: b: is wrong",
        f"{NAME}:3: c: 3.10 {NUMBER.format('3.10')}",
    )


@given(VALUES)
def test_what_yaml_writes_is_read_alike_or_refused(value: Any) -> None:
    _assert_alike(yaml.safe_dump(value, allow_unicode=True))


@given(st.text(alphabet="ab3.10-:,[]{}&*!|>'\"#%@`?~ \n\t\\_<=yneosf") | st.text())
def test_any_text_is_read_as_yaml_reads_it_or_refused(text: str) -> None:
    _assert_alike(text)


def _assert_alike(text: str) -> None:
    try:
        document = parse(text, name=NAME)
    except InputError:
        return
    try:
        expected = yaml.safe_load(text)
    except yaml.YAMLError:
        return

    assert document.problems or document.value == expected
