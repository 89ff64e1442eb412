import pytest

from orchestrator.model.characters import code_point, is_unicode, refused, visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text, ümläüte, 漢字, 🐍", ()),
        ("", ()),
        ("two\nlines", ("U+000A",)),
        ("bell\x07 and tab\t and bell\x07", ("U+0007", "U+0009")),
        ("\x00", ("U+0000",)),
        ("\x7f\x85\x9f", ("U+007F", "U+0085", "U+009F")),
        ("line\u2028separator", ("U+2028",)),
        ("shown \u202ebackwards", ("U+202E",)),
        ("\ufeffmark", ("U+FEFF",)),
        ("half \ud83d", ("U+D83D",)),
    ],
)
def test_refused_characters_are_named_once_each(text: str, expected: tuple[str, ...]) -> None:
    assert refused(text) == expected


def test_a_code_point_has_at_least_four_digits() -> None:
    assert (code_point("\n"), code_point("🐍")) == ("U+000A", "U+1F40D")


def test_what_no_input_may_hold_can_be_shown() -> None:
    assert visible('a "b" \\ ü\n\x1b[31m\u202e\udce9') == 'a "b" \\ ü\\n\\x1b[31m\\u202e\\udce9'


@pytest.mark.parametrize(
    ("text", "expected"), [("", True), ("ü\n🐍", True), (b"caf\xe9".decode("utf-8", "surrogateescape"), False)]
)
def test_what_is_not_utf_8_is_known(text: str, expected: bool) -> None:
    assert is_unicode(text) is expected
