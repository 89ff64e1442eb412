from tests.farm.timeline import LEGEND, Span, at_once, chart, mark


def test_a_row_for_each_machine_shows_the_most_telling_sign_of_each_moment() -> None:
    spans = (
        mark("b", "x", 9.0),
        Span("a", "-", 0.0, 7.9),
        Span("a", "#", 2.0, 4.9, "amd64"),
        mark("a", "A", 4.0),
        Span("b", "-", 5.0, 10.0),
    )

    drawn = chart(spans, ["a", "b"], width=10)

    assert drawn.splitlines() == [
        "   0s",
        "a  --##A---",
        "b       ----x-",
        f"   {LEGEND}",
    ]


def test_nothing_that_happened_is_no_chart() -> None:
    assert chart((), []) == ""


def test_architectures_side_by_side_are_those_of_one_moment() -> None:
    spans = (
        Span("a", "#", 0.0, 5.0, "amd64"),
        Span("a", "#", 5.0, 9.0, "i386"),
        Span("b", "#", 4.0, 6.0, "s390x"),
        Span("c", "#", 5.5, 6.0, "riscv64"),
        Span("c", "-", 0.0, 9.0),
    )

    assert at_once(spans) == ("i386", "riscv64", "s390x")
    assert at_once(()) == ()
