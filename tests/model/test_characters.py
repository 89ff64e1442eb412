import pytest

from orchestrator.model.characters import code_point, refused


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
