import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.dockerfile.instructions import Heredoc, Instruction, instructions
from orchestrator.model.dockerfile.words import stripped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("\n# a comment\n \t\n", ()),
        ("FROM a", (Instruction(1, "FROM", (), "a"),)),
        ("\n\n  from\ta  AS b \r\n", (Instruction(3, "FROM", (), "a  AS b"),)),
        ("SHELL", (Instruction(1, "SHELL", (), ""),)),
        (
            "RUN a \\\n# comment\n  # another \\\n\n  b\\\nc\nCMD d",
            (Instruction(1, "RUN", (), "a   bc"), Instruction(7, "CMD", (), "d")),
        ),
        ("RUN a \\", (Instruction(1, "RUN", (), "a"),)),
        ("RUN a \\\\\nCMD b", (Instruction(1, "RUN", (), "a \\\\"), Instruction(2, "CMD", (), "b"))),
        ("# escape=`\nRUN a `\nb\\\nCMD c", (Instruction(2, "RUN", (), "a b\\"), Instruction(4, "CMD", (), "c"))),
        ("\\\nRUN a", (Instruction(1, "RUN", (), "a"),)),
        ("\ufeffFROM a", (Instruction(1, "FROM", (), "a"),)),
        ("RUN # no comment", (Instruction(1, "RUN", (), "# no comment"),)),
    ],
)
def test_a_text_is_split_into_instructions(text: str, expected: tuple[Instruction, ...]) -> None:
    assert instructions(text) == expected


@pytest.mark.parametrize(
    ("rest", "flags", "text"),
    [
        ("--link --from=a --chown=1:1 b c", (("link", ""), ("from", "a"), ("chown", "1:1")), "b c"),
        ("--from='a' --mount=\"type=bind,from=b\" c", (("from", "a"), ("mount", "type=bind,from=b")), "c"),
        (r"--mount=\"from=a\" b", (("mount", '"from=a"'),), "b"),
        ("a --from=b", (), "a --from=b"),
        ("-- --from=b", (), "--from=b"),
        ("--link -- --from=b", (("link", ""),), "--from=b"),
        (r"--from='a\'b' c", (("from", "a'b"),), "c"),
        ("--from='a b", (("from", "a b"),), ""),
        ("--from=", (("from", ""),), ""),
        ('"--from=a" b', (), '"--from=a" b'),
        ("--from=a=b", (("from", "a=b"),), ""),
        ("-a --from=b", (), "-a --from=b"),
    ],
)
def test_flags_stand_between_keyword_and_text(rest: str, flags: tuple[tuple[str, str], ...], text: str) -> None:
    assert instructions(f"COPY {rest}") == (Instruction(1, "COPY", flags, text),)


@pytest.mark.parametrize(
    "opening",
    [
        "RUN <<EOF",
        "run cat <<EOF >file",
        "ADD <<EOF /a",
        "COPY --link <<'EOF' /a",
        'RUN <<E"O"F',
        "RUN 3<<EOF",
        "RUN <<-EOF",
        "ONBUILD RUN <<EOF",
        "ONBUILD\tcopy <<EOF /a",
    ],
)
def test_what_stands_in_a_heredoc_is_no_instruction(opening: str) -> None:
    read = instructions(f"{opening}\nFROM never \\\n# text\n EOF\nEOF\nCMD a")

    assert [(each.line, each.keyword) for each in read][1:] == [(6, "CMD")]


def test_heredocs_of_one_line_follow_each_other() -> None:
    read = instructions("RUN <<A <<-'B C'\nB C\nA\nA\n\tB C\nCMD a")

    texts = (Heredoc(2, ("B C",)), Heredoc(4, ("A",)))
    assert read == (Instruction(1, "RUN", (), "<<A <<-'B C'", texts), Instruction(6, "CMD", (), "a"))


def test_an_empty_heredoc_has_no_lines() -> None:
    [run] = instructions("RUN <<A \\\n  b\nA\n")

    assert run.heredocs == (Heredoc(3, ()),)


def test_the_mounts_of_a_run_are_read_by_their_options() -> None:
    [run, copy] = instructions(
        "RUN --mount=Type=bind,source=a,src=b --security --mount='\"source=a b,c\",dst=/x' x\nCOPY --mount=a b c"
    )

    assert (run.mounts, copy.mounts) == (({"type": "bind", "source": "b"}, {"source": "a b,c", "target": "/x"}), ())


def test_what_onbuild_keeps_is_an_instruction() -> None:
    [onbuild] = instructions("ONBUILD copy --link a \\\n b")

    assert onbuild.trigger == Instruction(1, "COPY", (("link", ""),), "a  b")


def test_onbuild_within_onbuild_keeps_nothing() -> None:
    [onbuild] = instructions("ONBUILD " * 10_000)

    assert onbuild.trigger is not None
    assert onbuild.trigger.trigger is None


@pytest.mark.parametrize("odd", ["\f", "\v", "\u2028", "\x85", "\x1c", "x\r"])
def test_only_a_line_feed_ends_a_line(odd: str) -> None:
    read = instructions(f"RUN <<EOF\n{odd}EOF\nEOF{odd}\nEOF\nCMD a")

    assert [each.line for each in read] == [1, 5]


@pytest.mark.parametrize(
    "line",
    [
        "RUN echo '<<EOF' \"<<EOF\" \\<<EOF",
        "RUN echo $((1<<2)) $((a<<b))",
        "RUN cat<<EOF",
        "RUN cat <<<EOF",
        'RUN ["echo", "<<EOF"]',
        "RUN it's <<EOF",
        "CMD cat <<EOF",
        "ONBUILD CMD cat <<EOF",
        "ONBUILD",
        "RUN echo <<",
        "RUN echo <<''",
        'COPY <<"" /a',
        'ONBUILD RUN ["cat", "<<EOF"]',
        "RUN echo ${a:-1} $((a<<2))",
        "RUN cat <<< EOF",
        "RUN cat <<-",
    ],
)
def test_what_only_looks_like_a_heredoc_opens_none(line: str) -> None:
    assert [each.line for each in instructions(f"{line}\nCMD a\n")] == [1, 2]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("FROM a\nRUN <<EOF\nEOF \n", "line 2: the heredoc <<EOF has no end"),
        ("FROM a\nRUN <<A <<B\nB\nA\n", "line 2: the heredoc <<B has no end"),
        ("FROM a\n\\\n", "line 2: expected an instruction"),
        ("RUN <<$A\n$A\n", "line 1: the heredoc <<$A is named by a variable; name it plainly"),
        (
            "RUN cat << EOF\nEOF\n",
            "line 1: << before white space opens a heredoc in later releases of BuildKit alone; leave the space out",
        ),
        (
            "RUN echo ${a%b} <<EOF\nEOF\n",
            "line 1: a heredoc and a variable like ${name:-default} stand on one line; give each its own RUN",
        ),
        ('RUN ["cat"] <<EOF\nEOF\n', "line 1: '<<EOF' stands behind the list [\"cat\"]; leave it out"),
        (
            "RUN --mount=source=\u00e9 true",
            "line 1: the flag --mount=source=\u00e9 has a character that the releases of BuildKit read differently",
        ),
        (
            "# escape=`\nRUN --mount=source=a\\b true",
            "line 2: the flag --mount=source=a\\b has a character that the releases of BuildKit read differently",
        ),
        ("# escape=x\n", "line 1: the escape 'x' is neither \\ nor `"),
    ],
)
def test_a_wrong_text_is_refused_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        instructions(text)

    assert str(caught.value) == problem


PIECES = st.sampled_from(
    (
        "FROM a",
        "RUN ",
        "COPY --from=a",
        "\\",
        "`",
        "'",
        '"',
        "<<",
        "-",
        "EOF",
        "\n",
        "\r",
        "\t",
        " ",
        "#",
        "escape=",
        "$",
        "{",
    )
)


def read_or_problem(text: str) -> tuple[Instruction, ...] | str:
    try:
        return instructions(text)
    except ValueError as error:
        return str(error)


@given(st.lists(PIECES | st.characters(), max_size=40).map("".join))
def test_any_text_is_read_with_its_lines_or_refused_with_one(text: str) -> None:
    read = read_or_problem(text)

    if isinstance(read, str):
        assert read.startswith("line ")
        return
    lines = text.removeprefix("\ufeff").split("\n")
    begins = [stripped(lines[each.line - 1]).upper()[:1] for each in read]
    assert [each.line for each in read] == sorted({each.line for each in read})
    assert all(begin in (each.keyword[:1], "\\", "`") for begin, each in zip(begins, read, strict=True))
