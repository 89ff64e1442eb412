"""Dockerfiles as the classic builder gets them."""

from dataclasses import replace

import pytest

from orchestrator.model.classic.dockerfile import (
    automatic_arguments,
    has_source_stage,
    problems,
    rewritten,
)
from orchestrator.model.dockerfile.instructions import instructions
from orchestrator.model.oci import digest_of
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference
from tests.templates import shipped

BASES = {
    Reference.parse(name): Reference.parse(f"mirror.example/{name.partition(':')[0]}").pinned(digest_of(name.encode()))
    for name in ("debian:trixie", "busybox:trixie")
}
DEBIAN, BUSYBOX = BASES.values()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM debian:trixie\nRUN x\n", f"FROM {DEBIAN}\nRUN x\n"),
        ("from debian:trixie as one\n", f"FROM {DEBIAN} as one\n"),
        ("FROM --platform=linux/amd64 debian:trixie\n", f"FROM {DEBIAN}\n"),
        ("ARG S=trixie\nFROM debian:$S\n", f"ARG S=trixie\nFROM {DEBIAN}\n"),
        ("FROM scratch\nCOPY a /\n", "FROM scratch\nCOPY a /\n"),
        ("FROM debian:trixie AS one\nFROM one\n", f"FROM {DEBIAN} AS one\nFROM one\n"),
        (
            "FROM scratch\nCOPY --from=busybox:trixie --chown=1:1 /bin/a /b/\n",
            f"FROM scratch\nCOPY --from={BUSYBOX} --chown=1:1 /bin/a /b/\n",
        ),
        (
            "FROM scratch AS one\nFROM scratch\nCOPY --from=one /a /\nCOPY --from=0 /a /\n",
            "FROM scratch AS one\nFROM scratch\nCOPY --from=one /a /\nCOPY --from=0 /a /\n",
        ),
    ],
)
def test_images_are_named_by_their_digests_and_all_else_stays(text: str, expected: str) -> None:
    assert rewritten(text, {}, bases=BASES, has_source=False) == expected


def test_arguments_decide_which_image_is_meant() -> None:
    text = "ARG BASE\nFROM $BASE\n"

    assert rewritten(text, {"BASE": "busybox:trixie"}, bases=BASES, has_source=False) == f"ARG BASE\nFROM {BUSYBOX}\n"


def test_lines_keep_their_numbers() -> None:
    text = "# escape=`\nFROM `\n  # which?\n  debian:trixie `\n\n  AS one\n# why\nRUN x\n"

    assert rewritten(text, {}, bases=BASES, has_source=False) == f"# escape=`\nFROM {DEBIAN} AS one\n\n\n\n\n\nRUN x\n"


SOURCE = "FROM scratch AS source\nADD --checksum=sha256:ab https://example.org/tool.tar /\n"


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        ("COPY --from=source /tool.tar /src/", "COPY .orchestrator-source/tool.tar /src/"),
        ("COPY --from=Source / /src/", "COPY .orchestrator-source/ /src/"),
        ("COPY --from=0 a.tar b.tar /src/", "COPY .orchestrator-source/a.tar .orchestrator-source/b.tar /src/"),
        ("COPY --chown=1:1 --from=source /a* /", "COPY --chown=1:1 .orchestrator-source/a* /"),
        ('COPY --from=source "/a" c:/x', 'COPY ".orchestrator-source/a" c:/x'),
        ('COPY --from=source ["/a b", "/x"]', 'COPY [".orchestrator-source/a b", "/x"]'),
        ("COPY --from=1 /a /b", "COPY --from=0 /a /b"),
        ("COPY --from=one /a /b", "COPY --from=one /a /b"),
        ("COPY tool.tar /", "COPY tool.tar /"),
    ],
)
def test_downloads_are_taken_from_the_context_in_place_of_their_stage(copy: str, expected: str) -> None:
    text = f"{SOURCE}FROM debian:trixie AS one\nFROM one\n{copy}\n"

    new = rewritten(text, {}, bases=BASES, has_source=True)

    assert new == f"\n\nFROM {DEBIAN} AS one\nFROM one\n{expected}\n"


def test_a_stage_without_downloads_is_a_stage_like_others() -> None:
    text = f"{SOURCE}FROM scratch\nCOPY --from=source /tool.tar /src/\n"

    assert rewritten(text, {}, bases=BASES, has_source=False) == text


def test_a_stage_cannot_stand_on_downloads() -> None:
    with pytest.raises(ValueError, match="line 3: the classic builder takes files from `source` by COPY alone"):
        rewritten(f"{SOURCE}FROM source\n", {}, bases=BASES, has_source=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM debian:trixie AS source\n", True),
        ("from debian:trixie as SOURCE\n", True),
        ("FROM source\n", False),
        ("FROM debian:trixie AS sources\n", False),
    ],
)
def test_a_stage_for_downloads_is_known_by_its_name(text: str, expected: bool) -> None:
    assert has_source_stage(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM --platform=linux/amd64 a\nCOPY --from=b --chown=1 c d\nADD --chown=1 c d\n", ()),
        ("FROM a\nHEALTHCHECK --interval=1s --timeout=1s CMD x\nONBUILD COPY . /\nRUN x --mount=y\n", ()),
        (
            "FROM a\nRUN --mount=type=cache,target=/x --mount=type=tmpfs,target=/y --network=none make\n",
            (
                "line 2: RUN --mount needs BuildKit; the classic builder does not have it",
                "line 2: RUN --network needs BuildKit; the classic builder does not have it",
            ),
        ),
        (
            "FROM a\nCOPY --link --chmod=644 b c\nADD --checksum=x https://example.org/y /\n",
            (
                "line 2: COPY --link needs BuildKit; the classic builder does not have it",
                "line 2: COPY --chmod needs BuildKit; the classic builder does not have it",
                "line 3: ADD --checksum needs BuildKit; the classic builder does not have it",
            ),
        ),
        (
            "FROM a\nRUN <<EOF\nx\nEOF\n",
            ("line 2: a heredoc needs BuildKit; continue the line instead, or COPY a file",),
        ),
        (
            "FROM a\nARG X BUILDARCH=amd64\n",
            ("line 2: BUILDARCH has a value only with BuildKit; the classic builder leaves it empty",),
        ),
    ],
)
def test_what_only_buildkit_can_do_is_told_with_its_line(text: str, expected: tuple[str, ...]) -> None:
    assert problems(text, has_source=False) == expected


@pytest.mark.parametrize(
    ("text", "has_source", "expected"),
    [
        (f"{SOURCE}FROM a\nCOPY --from=source /x /\nCOPY b c\n", True, 0),
        (f"{SOURCE}FROM a\nADD --checksum=x https://example.org/y /\n", True, 1),
        (f"{SOURCE}FROM a\n", False, 1),
        (f"{SOURCE}FROM a\nCOPY . /\n", True, 1),
        ("FROM a\nCOPY . /\n", True, 0),
    ],
)
def test_what_downloads_replace_is_no_problem(text: str, has_source: bool, expected: int) -> None:
    assert len(problems(text, has_source=has_source)) == expected


@pytest.mark.parametrize(
    ("text", "platform", "expected"),
    [
        ("FROM a\nARG TARGETARCH\nARG TARGETOS=x OTHER\n", "linux/arm/v7", {"TARGETARCH": "arm", "TARGETOS": "linux"}),
        (
            "FROM a\nARG TARGETVARIANT TARGETPLATFORM\n",
            "linux/arm/v7",
            {"TARGETVARIANT": "v7", "TARGETPLATFORM": "linux/arm/v7"},
        ),
        ("FROM a\nARG OTHER\n", "linux/amd64", {}),
    ],
)
def test_arguments_that_buildkit_sets_are_set_where_they_are_asked_for(
    text: str, platform: str, expected: dict[str, str]
) -> None:
    assert automatic_arguments(text, Platform.parse(platform)) == expected


def windows_dockerfiles() -> dict[str, str]:
    return {name: text for name, text in shipped.dockerfiles().items() if "windowsservercore" in name}


@pytest.mark.parametrize("name", sorted(windows_dockerfiles()))
def test_the_shipped_dockerfiles_for_windows_need_no_buildkit(name: str) -> None:
    text = windows_dockerfiles()[name]
    first, *others = instructions(text)
    base = Reference.parse(first.text)
    pinned = base.pinned(digest_of(b"windows"))

    new = rewritten(text, {}, bases={base: pinned}, has_source=has_source_stage(text))

    assert problems(text, has_source=False) == ()
    assert instructions(new) == (replace(first, text=str(pinned)), *others)
