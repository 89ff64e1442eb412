import pytest

from orchestrator.model.dockerfile.changes import dockerfile_changes

TEXT = """\
FROM debian:trixie
ENV VERSION=1
RUN <<EOF
set -e
make
make install
EOF
# a remark
CMD ["tool"]
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("ENV VERSION=1", "ENV VERSION=2", ("line 2 ENV VERSION=2",)),
        ("make\n", "make --jobs\n", ("line 5 in RUN <<EOF: make --jobs",)),
        ("make install\n", "make install\n  strip  it\n", ("line 7 in RUN <<EOF: strip it",)),
        ("make install\n", "", ("line 6 in RUN <<EOF: its end",)),
        ("RUN <<EOF", "RUN --network=none <<EOF", ("line 3 RUN --network=none <<EOF",)),
        ("RUN <<EOF", "RUN --security --network=none <<EOF", ("line 3 RUN --security --network=none <<EOF",)),
        ("# a remark\n", "# a remark\nLABEL a=b\n", ("line 9 LABEL a=b (new)",)),
        ("ENV VERSION=1\n", "", ("line 2 ENV VERSION=1 (gone)",)),
        ("ENV VERSION=1\n", "ENV A=1\nENV B=1\n", ("line 2 ENV A=1", "line 3 ENV B=1 (new)")),
        ("# a remark\n", "", ()),
        ("# a remark\n", "\n\n", ()),
        ("FROM debian", "# syntax=docker/dockerfile:1\nFROM debian", ("the directives at its top",)),
        ("ENV VERSION=1", f"ENV VERSION={'x' * 80}", (f"line 2 ENV VERSION={'x' * 48}...",)),
        (
            "FROM debian:trixie\nENV VERSION=1",
            "FROM debian:forky\nENV VERSION=2",
            ("line 1 FROM debian:forky", "line 2 ENV VERSION=2"),
        ),
    ],
)
def test_the_instruction_that_changed_is_named(old: str, new: str, expected: tuple[str, ...]) -> None:
    assert dockerfile_changes(TEXT, TEXT.replace(old, new, 1)) == expected


def test_of_several_heredocs_the_one_that_changed_is_named() -> None:
    text = "FROM a\nCOPY <<A <<B /x/\none\nA\ntwo\nB\n"

    assert dockerfile_changes(text, text.replace("two", "2")) == ("line 5 in COPY <<A <<B /x/: 2",)


def test_a_line_that_moves_an_instruction_down_changes_nothing_else() -> None:
    assert dockerfile_changes(TEXT, "\n\n" + TEXT) == ()


def test_equal_texts_have_no_changes() -> None:
    assert dockerfile_changes(TEXT, TEXT) == ()


def test_what_is_no_dockerfile_is_refused() -> None:
    with pytest.raises(ValueError, match="line 1: the heredoc <<EOF has no end"):
        dockerfile_changes("RUN <<EOF\n", TEXT)
