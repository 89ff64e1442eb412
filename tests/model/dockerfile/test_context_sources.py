import pytest

from orchestrator.model.dockerfile.context_sources import ContextSources

FILES = ("Dockerfile", "a.txt", "b.txt", "c d", "conf/x.ini", "conf/sub/y.ini", "conf[0]/z", "lib/a.txt")


@pytest.mark.parametrize(
    ("instruction", "reached"),
    [
        ("RUN tool", ()),
        ("COPY a.txt /", ("a.txt",)),
        ("copy a.txt b.txt /", ("a.txt", "b.txt")),
        ("COPY --chown=1:1 --link a.txt /", ("a.txt",)),
        ("COPY . /", FILES),
        ("COPY / /", FILES),
        ("COPY ./ /", FILES),
        ("COPY conf /", ("conf/x.ini", "conf/sub/y.ini")),
        ("COPY /conf/ /", ("conf/x.ini", "conf/sub/y.ini")),
        ("COPY ../../conf/./sub /", ("conf/sub/y.ini",)),
        ("COPY con /", ()),
        ("COPY *.txt /", ("a.txt", "b.txt")),
        ("COPY */*.txt /", ("lib/a.txt",)),
        ("COPY c* /", ("c d", "conf/x.ini", "conf/sub/y.ini", "conf[0]/z")),
        ("COPY ?.txt /", ("a.txt", "b.txt")),
        ("COPY [a] /", ("a.txt",)[:0]),
        ("COPY [a-b].txt /", ("a.txt", "b.txt")),
        ("COPY conf[[]0] /", ("conf[0]/z",)),
        ("COPY conf[ /", ()),
        ('COPY "c d" /', ("c d",)),
        (r"COPY c\ d /", ("c d",)),
        ('COPY ["c d", "a.txt", "/"]', ("a.txt", "c d")),
        ('COPY ["c d", 1]', ()),
        ("COPY [ /", ()),
        ("COPY $FILE /", FILES),
        ('COPY ["${FILE}", "/"]', FILES),
        ("COPY a.txt $WHERE", ("a.txt",)),
        ("COPY --from=build . /", ()),
        ("COPY --from=busybox:1 a.txt /", ()),
        ("COPY <<EOF /x\na.txt\nEOF", ()),
        ("COPY a.txt <<EOF /x/\nb.txt\nEOF", ("a.txt",)),
        ("ADD a.txt /", ("a.txt",)),
        ("ADD https://example.org/a.txt /", ()),
        ("ADD http://example.org/$FILE /", ()),
        ("ADD 'https://example.org/a.txt' b.txt /", ("b.txt",)),
        ("ADD git@example.org:a/b.git#main /", ()),
        ("ADD git://example.org/a.git /", ()),
        ("RUN --mount=type=bind,source=conf,target=/x tool", ("conf/x.ini", "conf/sub/y.ini")),
        ("RUN --mount=target=/x,src=a.txt tool", ("a.txt",)),
        ("RUN --mount=target=/x tool", FILES),
        ("RUN --mount=type=bind,source=$A,target=/x tool", FILES),
        ("RUN --mount=type=bind,from=build,source=conf,target=/x tool", ()),
        ("RUN --mount=type=cache,source=conf,target=/x tool", ()),
        ("RUN --mount=type=secret,id=conf tool", ()),
        ("ONBUILD COPY . /", ()),
        ("COPY a.txt", ()),
        ("COPY", ()),
    ],
)
def test_the_files_that_an_instruction_can_reach(instruction: str, reached: tuple[str, ...]) -> None:
    sources = ContextSources.of(f"FROM busybox:1 AS build\n{instruction}\nCMD tool\n")

    assert set(sources.reach(FILES)) == set(reached)


def test_all_instructions_of_all_stages_count() -> None:
    text = "FROM a AS build\nCOPY a.txt /\nFROM b\nCOPY --from=build /a.txt /\nADD lib /\n"

    assert ContextSources.of(text) == ContextSources(("a.txt", "lib"))


def test_the_escape_of_a_dockerfile_counts() -> None:
    assert ContextSources.of("# escape=`\nFROM a\nCOPY c` d /\n").reach(FILES) == ("c d",)


def test_a_dockerfile_that_cannot_be_read_is_refused_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"^line 2: .* has a quote that does not end$"):
        ContextSources.of("FROM a\nCOPY 'b /\n")
