import pytest

from orchestrator.model.dockerfile.words import expanded, fields, listed, split, stripped

VALUES = {"A": "a", "EMPTY": "", "B_2": "b"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        (" a  b\tc\n", ("a", "b", "c")),
        ("""a 'b c' "d e" f'g h'i""", ("a", "'b c'", '"d e"', "f'g h'i")),
        (r"a\ b \'c \"", (r"a\ b", r"\'c", r"\"")),
        (r'"a \" b" c', (r'"a \" b"', "c")),
        ("'a\" b' \"c' d\"", ("'a\" b'", '"c\' d"')),
        ("ends with \\", ("ends", "with", "\\")),
        ("<<EOF cat <<-'E F'", ("<<EOF", "cat", "<<-'E F'")),
    ],
)
def test_words_end_at_white_space_outside_quotes(text: str, expected: tuple[str, ...]) -> None:
    assert split(text) == expected


def test_another_escape_leaves_backslashes_alone() -> None:
    assert split(r"C:\a` b c\ d", escape="`") == ("C:\\a` b", "c\\", "d")


@pytest.mark.parametrize("text", ["it's", 'a "b', "'a' 'b", r"a \" b \\'"])
def test_a_quote_that_does_not_end_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="has a quote that does not end"):
        split(text)


def test_only_white_space_of_a_dockerfile_divides_fields() -> None:
    assert fields("\ta 'b c'\r\v\\ \u00a0 d") == ("a", "'b", "c'", "\\", "\u00a0", "d")


def test_a_control_character_that_go_does_not_take_for_white_space_is_text() -> None:
    assert stripped("\u3000\x85 a\x1c\n") == "a\x1c"
    assert split("a\x1cb c\u3000d") == ("a\x1cb", "c", "d")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b", None),
        ("[a]", None),
        ('[ "$a" = b ]', None),
        ("[]", ()),
        ('["a b",\t"\\u0041"] ', ("a b", "A")),
        ("[" * 100_000, None),
    ],
)
def test_a_list_of_strings_is_told_from_words(text: str, expected: tuple[str, ...] | None) -> None:
    assert listed(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('["a"] b', "'b' stands behind the list [\"a\"]; leave it out"),
        ('["a", 1]', '["a", 1] is a list of something else than strings'),
    ],
)
def test_a_list_that_buildkit_refuses_or_reads_in_two_ways_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        listed(text)

    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("", ""),
        ("plain:1", "plain:1"),
        ("$A", "a"),
        ("x${A}y$B_2", "xayb"),
        ("$NONE${NONE}", ""),
        ("$1$@x", "x"),
        ("a$", "a$"),
        ("$.", "$."),
        ("'$A'", "$A"),
        ('"$A${B_2}"', "ab"),
        (r"\$A", "$A"),
        (r'"\$A \" \\ \x"', '$A " \\ \\x'),
        ("\\", ""),
        ("a:'b'\"c\"d", "a:bcd"),
        ("${A:-x}${EMPTY:-x}${NONE:-x}", "axx"),
        ("${A-x}${EMPTY-x}${NONE-x}", "ax"),
        ("${A:+x}${EMPTY:+y}${NONE:+z}", "x"),
        ("${A+x}${EMPTY+y}${NONE+z}", "xy"),
        ("${A:?why}${A?why}${EMPTY?why}", "aa"),
        ("${NONE:-${EMPTY:-\"}\"$A'}'}}!", "}a}!"),
    ],
)
def test_a_word_is_filled_in_as_buildkit_does(word: str, expected: str) -> None:
    assert expanded(word, VALUES.get) == expected


def test_another_escape_hides_a_variable() -> None:
    assert expanded(r"\$A`$A", VALUES.get, escape="`") == r"\a$A"


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("${NONE:?give one}", "NONE has no value: give one"),
        ("${EMPTY:?give one}", "EMPTY has no value: give one"),
        ("${NONE?$A}", "NONE has no value: a"),
        ("${A%x}", "cannot be read"),
        ("${A/x/y}", "cannot be read"),
        ("${A,,}", "cannot be read"),
        ("${}", "cannot be read"),
        ("${A", "cannot be read"),
        ("${A:-x", "ends before the closing }"),
        ("'A", "ends before the closing '"),
        ('"A', 'ends before the closing "'),
        ('"A\\', 'ends before the closing "'),
    ],
)
def test_a_word_that_cannot_be_filled_in_is_refused(word: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem.replace("?", r"\?")):
        expanded(word, VALUES.get)


def test_variables_without_end_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^\$\{A:-\$\{A:-.* has too many variables within each other$"):
        expanded("${A:-" * 100_000, VALUES.get)
