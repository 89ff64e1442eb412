import pytest

from orchestrator.model.library.paragraphs import Field, Item, LineProblem, Paragraph, paragraphs


def field(name: str, *lines: tuple[int, str]) -> Field:
    return Field(name, tuple(Item(*line) for line in lines))


def test_empty_lines_part_paragraphs_and_blanks_continue_a_field() -> None:
    found, problems = paragraphs("\n\nA: 1\nB :  2,\n\t3\n\n\n\nA: 4:5 \r\n\r\n")

    assert problems == ()
    assert found == (
        Paragraph(3, {"A": field("A", (3, "1")), "B": field("B", (4, "2,"), (5, "3"))}),
        Paragraph(9, {"A": field("A", (9, "4:5"))}),
    )


def test_comments_count_as_not_there_within_a_field_too() -> None:
    found, problems = paragraphs("# one\nA: 1,\n# two\n \t # three\n  2\n #\nB: #3\n")

    assert problems == ()
    assert found == (Paragraph(2, {"A": field("A", (2, "1,"), (5, "2")), "B": field("B", (7, "#3"))}),)


def test_a_file_may_begin_with_a_byte_order_mark_and_end_without_a_line_break() -> None:
    assert paragraphs("\ufeffA: 1") == ((Paragraph(1, {"A": field("A", (1, "1"))}),), ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A: 1\nno field\nB: 2", [LineProblem(2, "expected `Name: value`, got 'no field'")]),
        ("\n  1\nA: 2", [LineProblem(2, "'1' continues no field")]),
        ("A: 1\nB: 2\n \nA: 3", [LineProblem(4, "A stands on line 1 already; keep one")]),
        ("  \nA: 1", []),
        ("", []),
    ],
)
def test_each_line_of_a_wrong_form_is_named(text: str, expected: list[LineProblem]) -> None:
    _, problems = paragraphs(text)

    assert problems == tuple(expected)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(1, "a, b ,c")], [(1, "a"), (1, "b"), (1, "c")]),
        ([(1, "a,"), (4, "b, c")], [(1, "a"), (4, "b"), (4, "c")]),
        ([(1, ""), (2, "a,"), (3, ""), (5, "b")], [(2, "a"), (5, "b")]),
        ([(1, "Full Name"), (2, "(@name), x")], [(1, "Full Name (@name)"), (2, "x")]),
        ([(1, "a"), (2, ", b")], [(1, "a"), (2, "b")]),
        ([(1, "a,,b")], [(1, "a"), (1, ""), (1, "b")]),
        ([(1, "")], []),
    ],
)
def test_a_list_has_its_words_with_their_lines(lines: list[tuple[int, str]], expected: list[tuple[int, str]]) -> None:
    assert field("A", *lines).listed == tuple(Item(*item) for item in expected)
