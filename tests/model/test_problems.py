import datetime as dt
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.model.problems import Problem, nearest, pointer, problems_of, shown, summary_of


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    word: str = "x"
    number: int = Field(default=1, ge=1, strict=True)
    choice: Literal["one", "two"] = "one"
    truth: bool = Field(default=True, strict=True)
    size: Size = Size.SMALL
    absent: None = None
    words: list[str] = []


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")

    part: Part
    parts: tuple[Part, ...] = Field(default=(), min_length=1)
    by_name: dict[str, Part] = {}
    many_by_name: dict[str, tuple[Part, ...]] = {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], Problem((), "expected a mapping, got a list")),
        ({}, Problem(("part",), "is missing")),
        ({"part": {}, "by_nmae": 1}, Problem(("by_nmae",), "unknown key; did you mean `by_name`?")),
        ({"part": {"wrod": 1}}, Problem(("part", "wrod"), "unknown key; did you mean `word`?")),
        (
            {"part": {}, "parts": [{"?": 1}]},
            Problem(("parts", 0, "?"), "unknown key; there are absent, choice, number, size, truth, word, words"),
        ),
        (
            {"part": {}, "by_name": {"a": {"chioce": 1}}},
            Problem(("by_name", "a", "chioce"), "unknown key; did you mean `choice`?"),
        ),
        (
            {"part": {}, "many_by_name": {"a": [{"truht": 1}]}},
            Problem(("many_by_name", "a", 0, "truht"), "unknown key; did you mean `truth`?"),
        ),
        ({"part": {"word": 3}}, Problem(("part", "word"), "expected text in quotes, got 3")),
        ({"part": {"number": "3"}}, Problem(("part", "number"), "expected a whole number, got '3'")),
        ({"part": {"number": 0}}, Problem(("part", "number"), "expected 1 or more, got 0")),
        ({"part": {"choice": "no"}}, Problem(("part", "choice"), "expected `one` or `two`, got 'no'")),
        ({"part": {"size": "no"}}, Problem(("part", "size"), "expected `small` or `large`, got 'no'")),
        ({"part": {"absent": {}}}, Problem(("part", "absent"), "expected nothing, got a mapping")),
        ({"part": {"words": "x"}}, Problem(("part", "words"), "expected a list, got 'x'")),
        ({"part": {"truth": 1}}, Problem(("part", "truth"), "expected true or false, got 1")),
        ({"part": {}, "parts": []}, Problem(("parts",), "expected at least one entry, got none")),
        ({"part": {}, "parts": [7]}, Problem(("parts", 0), "expected a mapping, got 7")),
        ({"part": {}, "parts": "x"}, Problem(("parts",), "expected a list, got 'x'")),
        ({"part": {}, "by_name": None}, Problem(("by_name",), "expected a mapping, got nothing")),
        ({"part": {}, "by_name": {7: {}}}, Problem(("by_name", 7), "expected text in quotes, got 7")),
    ],
)
def test_what_pydantic_finds_is_said_in_our_words(value: Any, expected: Problem) -> None:
    with pytest.raises(ValidationError) as error:
        Whole.model_validate(value)

    assert problems_of(error.value, Whole) == (expected,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "not JSON: EOF while parsing an object at line 1 column 1"),
        ("[]", "expected a mapping, got a list"),
        ('{"part": {"word": 3}}', "/part/word: expected text in quotes, got 3"),
        (
            '{"part": {"number": 0}, "by_name": {"a/b": {"truth": 1}}}',
            "/part/number: expected 1 or more, got 0; /by_name/a~1b/truth: expected true or false, got 1",
        ),
        (
            '{"part": {}, "parts": [1, 2, 3, 4, 5]}',
            "/parts/0: expected a mapping, got 1; /parts/1: expected a mapping, got 2; "
            "/parts/2: expected a mapping, got 3; and 2 more",
        ),
    ],
)
def test_a_document_is_summed_up_in_one_sentence(text: str, expected: str) -> None:
    with pytest.raises(ValidationError) as error:
        Whole.model_validate_json(text)

    assert summary_of(error.value, Whole) == expected


@pytest.mark.parametrize(
    ("loc", "expected"),
    [
        ((), ""),
        (("3.13", "variants", 1), "/3.13/variants/1"),
        (("a/b", "~", ""), "/a~1b/~0/"),
        (("x\n",), "/x<U+000A>"),
    ],
)
def test_pointer(loc: tuple[str | int, ...], expected: str) -> None:
    assert pointer(loc) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "nothing"),
        (True, "true"),
        (3, "3"),
        ({"a": 1}, "a mapping"),
        ([1], "a list"),
        (dt.date(2026, 12, 31), "2026-12-31"),
        ("x", "'x'"),
        ("x" * 200, "'" + "x" * 79 + "..."),
        ("https://joe:secret@host/x", "'https://***@host/x'"),
        ("joe:secret@host", "'***@host'"),
        ("https://token@host/x", "'https://***@host/x'"),
        ("git@host", "'git@host'"),
        (f"debian:13@sha256:{'0' * 10}", f"'debian:13@sha256:{'0' * 10}'"),
    ],
)
def test_a_value_is_shown_shortly_and_without_credentials(value: object, expected: str) -> None:
    assert shown(value) == expected


@pytest.mark.parametrize(
    ("word", "expected"), [("aliasses", "did you mean `aliases`?"), ("zzz", "there are aliases, image")]
)
def test_nearest(word: str, expected: str) -> None:
    assert nearest(word, ["image", "aliases"]) == expected
