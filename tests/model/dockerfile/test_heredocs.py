import pytest

from orchestrator.model.dockerfile.heredocs import Opening, is_heredoc, opened


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("<<EOF", Opening("EOF", has_tabs=False)),
        ("12<<-EOF", Opening("EOF", has_tabs=True)),
        ("<<'a b'\"c\"", Opening("a bc", has_tabs=False)),
        (r'<<"a\"b\c"', Opening(r'a"b\c', has_tabs=False)),
        (r"<<E\ F", Opening("E F", has_tabs=False)),
        ("<<--", Opening("-", has_tabs=True)),
        ("<<", None),
        ("<<-", None),
        ("<<''", None),
        ("<<<EOF", None),
        ("<<A<<B", None),
        ("a<<EOF", None),
        ("EOF", None),
    ],
)
def test_a_word_opens_a_heredoc_or_none(word: str, expected: Opening | None) -> None:
    assert Opening.of(word) == expected
    assert is_heredoc(word) is (expected is not None)


@pytest.mark.parametrize("word", ["<<'a", "<<$A", '<<"${A}"'])
def test_a_word_that_names_no_heredoc_plainly_is_a_file(word: str) -> None:
    assert not is_heredoc(word)


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("RUN a", ()),
        ("RUN <<A b <<-B", ("A", "B")),
        ("RUN --mount=target=/x <<A", ("A",)),
        ("RUN echo ${a} $b <<A", ("A",)),
        (r"RUN echo \${a:-b} <<A", ("A",)),
        ("RUN echo ${a:-$((1<<2))}", ()),
        ("RUN it's <<A", ()),
        ("RUN cat <<< A", ()),
        (r"RUN echo \<< A", ()),
    ],
)
def test_the_heredocs_of_a_line_come_in_their_order(line: str, ends: tuple[str, ...]) -> None:
    assert tuple(opening.end for opening in opened(line)) == ends


@pytest.mark.parametrize("line", ["RUN cat << A", "RUN cat<< A", "RUN echo ${a#b} <<A", "RUN echo ${} <<A", "RUN <<$A"])
def test_what_opens_a_heredoc_in_some_releases_alone_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"heredoc"):
        tuple(opened(line))
