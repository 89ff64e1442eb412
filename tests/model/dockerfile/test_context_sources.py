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
        ('COPY "a.txt" /', ("a.txt",)),
        (r"COPY a.txt\ b.txt /", ("a.txt", "b.txt")),
        ("COPY a.txt\u00a0b.txt lib /", ("lib/a.txt",)),
        ("COPY \ufeffa.txt /", ("a.txt",)),
        ('COPY ["c d", "a.txt", "/"]', ("a.txt", "c d")),
        ('COPY -- ["c d", "/"]', ("c d",)),
        ("COPY [ /", ()),
        (r"COPY conf\\sub\\*.ini C:/", ("conf/sub/y.ini",)),
        (r'COPY ["c:\\\\conf\\\\sub", "C:/"]', ("conf/sub/y.ini",)),
        ("COPY --from= a.txt /", ("a.txt",)),
        ("COPY --parents */sub/y.ini lib /", ("conf/sub/y.ini", "lib/a.txt")),
        ("COPY --parents ./lib/./*.txt /", ("lib/a.txt",)),
        ("COPY --parents conf/**/y.ini /", ("conf/x.ini", "conf/sub/y.ini")),
        ("COPY --parents conf/./**/y.ini /", ("conf/x.ini", "conf/sub/y.ini")),
        ("COPY --parents conf/./../sub /", ("conf/sub/y.ini",)),
        ("COPY --parents=false lib/./../conf/x.ini /", ("conf/x.ini",)),
        ("COPY --exclude=*.txt a.txt /", ("a.txt",)),
        ("COPY <<'' /x", ()),
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
        ("ADD git@example.org:$REPOSITORY#main /", ()),
        ("ADD git_@example_org:$FILE /", FILES),
        ("ADD git://example.org/a.git /", ()),
        ("RUN --mount=type=bind,source=conf,target=/x tool", ("conf/x.ini", "conf/sub/y.ini")),
        ("RUN --mount=target=/x,src=a.txt tool", ("a.txt",)),
        ("RUN --mount=target=/x tool", FILES),
        ("RUN --mount=type=$TYPE,source=conf/sub,target=/x tool", ("conf/sub/y.ini",)),
        ("RUN --mount=from=,source=lib,src=conf/sub,target=/x tool", ("conf/sub/y.ini",)),
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


def test_onbuild_counts_where_a_stage_may_stand_on_it() -> None:
    text = "FROM a AS build\nONBUILD COPY a.txt /\nONBUILD RUN --mount=source=lib,target=/x tool\nFROM build\n"

    assert ContextSources.of(text + "ONBUILD COPY conf /\n") == ContextSources(("a.txt", "lib"))


def test_the_escape_of_a_dockerfile_counts() -> None:
    text = "# escape=`\nFROM a\nCOPY conf\\s`ub a`.txt C:\\x\\\n"

    assert ContextSources.of(text).reach(FILES) == ("a.txt", "conf/sub/y.ini")


def test_folders_that_a_source_leads_through_are_told_from_others() -> None:
    sources = ContextSources.of("FROM a\nCOPY lib/*/x c*/sub /\n")

    assert sources.pass_through(("lib", "lib/x", "lib/x/x", "li", "conf", "conf/x", "x")) == ("lib", "lib/x", "conf")


def test_a_dockerfile_that_cannot_be_read_is_refused_with_its_line() -> None:
    with pytest.raises(
        ValueError, match=r"^line 2: .* ends before the closing '; a path with a space stands in a list"
    ):
        ContextSources.of("FROM a\nCOPY 'b /\n")
