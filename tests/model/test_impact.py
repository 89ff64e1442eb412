import pytest

from orchestrator.errors import NothingSelectedError
from orchestrator.model.bases import Base, BaseManifest
from orchestrator.model.impact import Effect, Impact, Standing, impacts, standing_on
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference
from tests.samples import BASE, target

ONE, TWO = target("1.0/trixie@amd64").facts, target("2.0/trixie@amd64").facts
DOCKERFILES = {
    ONE: "ARG RELEASE=trixie\nFROM busybox:$RELEASE AS build\nFROM alpine:3.24\nCOPY --from=busybox:trixie /a /a\n",
    TWO: "FROM alpine:3.24 AS busybox\nFROM busybox\n",
}


def base(**digests: str) -> Base:
    """A base with a manifest for each of these Linux architectures."""
    manifests = (BaseManifest(Platform("linux", name), digest) for name, digest in digests.items())
    return Base(BASE, BASE, tuple(manifests))


def test_a_base_is_found_in_every_stage_and_behind_build_arguments() -> None:
    assert standing_on(BASE, DOCKERFILES, {}) == (Standing(ONE, ("build", "1")),)
    assert standing_on(Reference.parse("alpine:3.24"), DOCKERFILES, {}) == (
        Standing(ONE, ("1",)),
        Standing(TWO, ("busybox",)),
    )


def test_a_base_has_one_name_however_it_is_written() -> None:
    name = Reference.parse("docker.io/library/busybox:trixie")

    assert standing_on(name, DOCKERFILES, {}) == standing_on(BASE, DOCKERFILES, {})


def test_build_arguments_decide_what_a_build_stands_on() -> None:
    moved = standing_on(Reference.parse("busybox:forky"), DOCKERFILES, {"RELEASE": "forky"})

    assert moved == (Standing(ONE, ("build",)),)


def test_a_base_that_nothing_stands_on_names_the_nearest() -> None:
    with pytest.raises(NothingSelectedError, match=r"^nothing stands on alpine:3\.25; did you mean `alpine:3\.24`\?$"):
        standing_on(Reference.parse("alpine:3.25"), DOCKERFILES, {})


def test_only_builds_whose_platform_differs_are_built_again() -> None:
    targets = [target(f"2.0/trixie@{arch}") for arch in ("amd64", "i386", "s390x", "riscv64")]

    found = impacts(
        targets, before=base(amd64="a", s390x="b", riscv64="c"), after=base(amd64="a", s390x="new", arm="d")
    )

    assert found == (
        Impact(targets[0], "a", "a"),
        Impact(targets[2], "b", "new"),
        Impact(targets[3], "c", ""),
    )
    assert [each.effect for each in found] == [Effect.UNCHANGED, Effect.REBUILT, Effect.IMPOSSIBLE]
