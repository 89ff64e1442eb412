import pytest

from orchestrator.model.dockerfile.stages import Stage, images, images_on_builder, stages
from tests.golden import DOCKERFILES, dockerfile

ARGUMENTS = {"GIVEN": "given", "UNDECLARED": "never"}
"""Given to every Dockerfile of the corpus."""

STAND_ON = {
    "a-stage-after-its-image": ("debian:trixie", "busybox:1"),
    "arguments": (
        "debian:trixie",
        "debian:bookworm",
        "debian:literal",
        "debian:trixie-quoted",
        "debian:released",
        "debian:bookworm-whole",
    ),
    "arguments-of-the-platform": ("debian:builder", "debian:fixed", "debian:target"),
    "arguments-that-are-given": ("debian:given", "debian:given-more", "debian:late", "debian:undeclared"),
    "arguments-with-operators": (
        "debian:default",
        "debian:empty",
        "debian:a",
        "debian:undeclared",
        "debian:c",
        "debian:instead",
        "debian:declared",
        "debian:set",
        "debian:set-nested",
    ),
    "byte-order-mark": ("debian:one", "debian:two"),
    "continuations": ("debian:one",),
    "crlf": ("debian:one", "debian:two", "debian:three"),
    "escape-after-an-unknown-directive": ("debian:one",),
    "escape-backtick": ("debian:one", "debian:two"),
    "escape-is-a-comment": ("debian:one", "debian:two"),
    "escape-on-its-own-line": ("debian:one", "debian:two"),
    "flags": ("debian:one", "debian:two", "debian:three", "debian:four"),
    "hashes-that-are-no-comments": ("debian:one", "debian:two", "debian:three"),
    "heredoc-with-odd-line-ends": ("debian:one", "debian:two"),
    "heredocs": ("debian:one", "debian:two"),
    "heredocs-in-lists": ("debian:one", "debian:two", "debian:three"),
    "heredocs-of-file-descriptors": ("debian:one", "debian:two"),
    "heredocs-without-a-name": ("debian:one", "debian:two", "debian:three", "debian:four"),
    "lower-case": ("debian:one", "debian:two", "debian:three"),
    "mounts": (
        "debian:one",
        "debian:two",
        "debian:three",
        "debian:four",
        "debian:five",
        "debian:six",
        "debian:eight",
    ),
    "names": (
        "debian",
        "library/busybox:latest",
        "docker.io/library/alpine:3",
        "registry.invalid:5000/a/b:1",
        "localhost/app",
        "localhost:5000/app:21",
        "debian@sha256:97f527cce4195f2ac2822dbfb9d4ebaf8144ba979efdf719f825a314017081ea",
        "debian:trixie@sha256:97f527cce4195f2ac2822dbfb9d4ebaf8144ba979efdf719f825a314017081ea",
        "ghcr.io/owner/name:1",
    ),
    "not-heredocs": ("debian:one", "debian:two"),
    "onbuild": ("debian:one", "debian:two"),
    "plain": ("debian:trixie-slim",),
    "scratch": (),
    "stages": ("debian:one", "debian:two", "debian:three"),
    "stages-with-a-name-twice": ("debian:one", "debian:two"),
    "tabs": ("debian:one", "debian:two", "debian:three"),
    "two-escapes-do-not-continue": ("debian:one", "debian:two", "debian:three"),
    "white-space-that-is-text": ("debian:one", "debian:two", "debian:three"),
}
"""What each Dockerfile of the corpus stands on; tests/integration/test_dockerfile_reading.py asks BuildKit the same."""


def test_every_dockerfile_of_the_corpus_is_listed() -> None:
    assert sorted(STAND_ON) == sorted(path.stem for path in DOCKERFILES)


@pytest.mark.parametrize("name", STAND_ON)
def test_the_images_that_a_dockerfile_stands_on(name: str) -> None:
    assert images(stages(dockerfile(name), ARGUMENTS)) == STAND_ON[name]


def test_stages_have_names_bases_and_what_they_take() -> None:
    text = (
        "ARG RELEASE=trixie\n"
        "FROM --platform=$BUILDPLATFORM debian:$RELEASE AS Build\n"
        "RUN --mount=type=bind,from=tools:1,target=/a true\n"
        "FROM scratch\n"
        "COPY --from=Build --link / /\n"
        "COPY --from=0 / /\n"
        "ONBUILD COPY --from=later / /\n"
        "FROM 1st\n"
    )

    assert stages(text, {"RELEASE": "bookworm"}) == (
        Stage("build", "debian:bookworm", "$BUILDPLATFORM", ("tools:1",)),
        Stage("1", "scratch", "", ("Build", "0")),
        Stage("2", "1st", "", ()),
    )


@pytest.mark.parametrize("platform", ["$BUILDPLATFORM", "${BUILDPLATFORM}"])
def test_images_of_stages_that_run_on_the_builder_are_told_apart(platform: str) -> None:
    text = (
        f"FROM --platform={platform} go:1 AS go\n"
        f"FROM --platform={platform} go AS tools\n"
        f"FROM --platform={platform} scratch AS empty\n"
        "COPY --from=files:1 / /\n"
        "FROM --platform=$TARGETPLATFORM debian:1\n"
        "FROM go:1\n"
    )

    assert images_on_builder(stages(text, {})) == {"go:1"}


def test_a_stage_on_any_other_platform_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^stage tools: --platform=linux/386 is neither the target's nor the builder's"
    ):
        images_on_builder(stages("FROM --platform=linux/386 busybox:trixie AS tools\n", {}))


def test_onbuild_takes_nothing_where_no_stage_stands_on_it() -> None:
    text = "FROM a AS b\nONBUILD COPY --from=c / /\nFROM d AS b\nRUN --mount=from=,target=/x true\nFROM b\n"

    assert images(stages(text, {})) == ("a", "d")


def test_arguments_of_the_platform_may_be_given_by_name() -> None:
    text = "ARG BASE=debian-$TARGETARCH\nFROM $BASE\nFROM debian:$TARGETOS\n"

    assert images(stages(text, {"TARGETARCH": "arm64", "TARGETOS": "linux"})) == ("debian-arm64", "debian:linux")


def test_an_argument_of_the_platform_may_have_a_default_or_stay_unused() -> None:
    assert images(stages("ARG TARGETARCH=none\nFROM debian:$TARGETARCH", {})) == ("debian:none",)
    assert images(stages("ARG TARGETARCH A=1\nFROM debian:$A", {})) == ("debian:1",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: a Dockerfile needs at least one FROM"),
        ("RUN true\nARG A=1\n", "line 1: a Dockerfile needs at least one FROM"),
        ("FROM", "line 1: expected `FROM image [AS name]`, got ''"),
        ("FROM a b", "line 1: expected `FROM image [AS name]`, got 'a b'"),
        ("FROM a IS b", "line 1: expected `FROM image [AS name]`, got 'a IS b'"),
        ("FROM a AS b c", "line 1: expected `FROM image [AS name]`, got 'a AS b c'"),
        ("FROM a AS 1st", "line 1: expected `FROM image [AS name]`, got 'a AS 1st'"),
        ("FROM a AS b/c", "line 1: expected `FROM image [AS name]`, got 'a AS b/c'"),
        ("FROM a\u00a0AS\u00a0b\nFROM a b", "line 2: expected `FROM image [AS name]`, got 'a b'"),
        ("ARG A\n\nFROM $A", "line 3: FROM $A names nothing; give the argument a default"),
        ("FROM ${A:?name-it}", "line 1: A has no value: name-it"),
        ("ARG A='1\nFROM a", 'line 1: "A=\'1" has a quote that does not end'),
        ("FROM a AS b\nFROM 0", "line 2: FROM 0 names no image; only COPY --from takes a stage by its number"),
        (
            "FROM a:$TARGETARCH",
            "line 1: TARGETARCH differs by build, and a base image must not: its name stands for all platforms",
        ),
        ("FROM a\nCOPY --from=0 / /", "line 2: the stage 0 takes files from itself"),
        ("FROM a AS b\nCOPY --from=B / /", "line 2: the stage B takes files from itself"),
        ("FROM a\nCOPY --from=7 / /", "line 2: from=7 is no earlier stage; name one, or an image"),
        ("FROM a\nFROM b\nCOPY --from=00 / /", "line 3: from=00 is no earlier stage; name one, or an image"),
        (
            "FROM a\nFROM b\nRUN --mount=from=0,target=/x true",
            "line 3: from=0 is no earlier stage; name one, or an image",
        ),
        (
            "FROM a\nCOPY --from=$B / /",
            "line 2: from=$B must not be a variable; give the image a stage of its own: FROM $B AS ...",
        ),
        (
            "FROM a\nCOPY --from=Later / /\nFROM b AS later",
            "line 3: a stage above takes files from later; move later before it",
        ),
        ("FROM a\nRUN <<EOF", "line 2: the heredoc <<EOF has no end"),
        (
            "FROM a:$TARGETSTAGE",
            "line 1: TARGETSTAGE differs by build, and a base image must not: its name stands for all platforms",
        ),
        (
            "ARG TARGETPLATFORM=linux/386\nFROM --platform=${TARGETPLATFORM} a",
            "line 2: --platform=${TARGETPLATFORM} has the value of an argument, not of this build; leave that ARG out",
        ),
        ("ARG A=1\nARG A\nFROM a:$A", "line 2: ARG A stands there once more, without a default; leave it out"),
        (
            "ARG A\nFROM a${A-:1}",
            "line 2: a${A-:1} asks whether an ARG without a default is set; write a colon, as in ${NAME:-value}",
        ),
        (
            "FROM a AS b\nONBUILD COPY --from=c:1 / /\nFROM b",
            "line 3: this carries out line 2, ONBUILD COPY --from=c:1 / /, which older releases of BuildKit cannot; "
            "write it here",
        ),
        (
            "FROM a\nRUN --mount='from=b,\"c\"d' true",
            "line 2: the options of --mount=from=b,\"c\"d cannot be told apart: ',' expected after '\"'",
        ),
    ],
)
def test_a_dockerfile_that_cannot_be_read_is_refused_with_the_line(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        stages(text, {})

    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "FROM busybox AS busybox\nRUN true\nFROM busybox\n",
            "the stage busybox has the name of the image busybox; call the stage something else",
        ),
        (
            "FROM docker.io/library/busybox:latest AS base\nFROM a:1 AS busybox\n",
            "the stage busybox has the name of the image docker.io/library/busybox:latest; "
            "call the stage something else",
        ),
        (
            "FROM a:1 AS Build\nFROM Build\n",
            "'Build' is not an image reference; write it like debian:trixie-slim or ghcr.io/owner/name:tag",
        ),
    ],
)
def test_images_that_cannot_be_pinned_are_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        images(stages(text, {}))

    assert str(caught.value) == problem
