import pytest

from orchestrator.errors import NothingSelectedError
from orchestrator.model.bases import Base, BaseManifest
from orchestrator.model.plan.impact import Effect, Impact, Standing, impacts, standing_on
from orchestrator.model.plan.parents import PublicNames
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference, Repository
from tests.samples import BASE, target

ONE, TWO, THREE, FOUR = (target(f"{line}/trixie@amd64").facts for line in ("1.0", "2.0", "3.0", "4.0"))
DOCKERFILES = {
    ONE: "ARG RELEASE=trixie\nFROM busybox:$RELEASE AS build\nFROM alpine:3.24\nCOPY --from=busybox:trixie /a /a\n",
    TWO: "FROM alpine:3.24 AS busybox\nFROM busybox\n",
}
NOBODY = PublicNames(frozenset(), {})

ELSEWHERE = target("9.0/trixie@amd64")


def base(index: str = "", **digests: str) -> Base:
    """A base with a manifest for each of these Linux architectures."""
    manifests = (BaseManifest(Platform("linux", name), digest) for name, digest in digests.items())
    return Base(BASE, BASE, tuple(manifests), index)


def test_a_base_is_found_in_every_stage_and_behind_build_arguments() -> None:
    assert standing_on(BASE, DOCKERFILES, {}, NOBODY) == (Standing(ONE, ("build", "1")),)
    assert standing_on(Reference.parse("alpine:3.24"), DOCKERFILES, {}, NOBODY) == (
        Standing(ONE, ("1",)),
        Standing(TWO, ("busybox",)),
    )


def test_a_base_has_one_name_however_it_is_written() -> None:
    name = Reference.parse("docker.io/library/busybox:trixie")

    assert standing_on(name, DOCKERFILES, {}, NOBODY) == standing_on(BASE, DOCKERFILES, {}, NOBODY)


def test_build_arguments_decide_what_a_build_stands_on() -> None:
    moved = standing_on(Reference.parse("busybox:forky"), DOCKERFILES, {"RELEASE": "forky"}, NOBODY)

    assert moved == (Standing(ONE, ("build",)),)


def test_a_base_that_nothing_stands_on_names_the_nearest() -> None:
    with pytest.raises(NothingSelectedError, match=r"^nothing stands on alpine:3\.25; did you mean `alpine:3\.24`\?$"):
        standing_on(Reference.parse("alpine:3.25"), DOCKERFILES, {}, NOBODY)


FAMILY = {
    ONE: "FROM busybox:trixie\n",
    TWO: "FROM alpine:3.24\nFROM tool:1.0 AS tool\n",
    THREE: "FROM tool:1\nCOPY --from=tool:2.0 /a /a\n",
    FOUR: "FROM tool:3.0\n",
}
NAMES = PublicNames(
    frozenset({Repository("docker.io", "library/tool")}),
    {"1.0": (ONE,), "1": (ONE,), "2.0": (TWO,), "3.0": (THREE,)},
)


def test_what_stands_on_a_base_through_parents_is_found_however_far_away() -> None:
    assert standing_on(BASE, FAMILY, {}, NAMES) == (
        Standing(ONE, ("0",)),
        Standing(TWO, (), ("1.0/trixie",)),
        Standing(THREE, (), ("1.0/trixie", "2.0/trixie")),
        Standing(FOUR, (), ("3.0/trixie",)),
    )
    assert standing_on(Reference.parse("alpine:3.24"), FAMILY, {}, NAMES) == (
        Standing(TWO, ("0",)),
        Standing(THREE, (), ("2.0/trixie",)),
        Standing(FOUR, (), ("3.0/trixie",)),
    )


def test_a_parent_is_a_base_by_any_of_its_tags() -> None:
    expected = (
        Standing(TWO, ("tool",)),
        Standing(THREE, ("0",), ("2.0/trixie",)),
        Standing(FOUR, (), ("3.0/trixie",)),
    )

    assert [standing_on(Reference.parse(name), FAMILY, {}, NAMES) for name in ("tool:1", "tool:1.0")] == [expected] * 2


def test_only_builds_whose_platform_differs_are_built_again() -> None:
    targets = [target(f"2.0/trixie@{arch}") for arch in ("amd64", "i386", "s390x", "riscv64")]

    found = impacts(
        [Standing(TWO, ("0",))],
        [*targets, ELSEWHERE],
        before=base(amd64="a", s390x="b", riscv64="c"),
        after=base(amd64="a", s390x="new", arm="d"),
    )

    assert found == (
        Impact(targets[0], "a", "a"),
        Impact(targets[2], "b", "new"),
        Impact(targets[3], "c", ""),
    )
    assert [each.effect for each in found] == [Effect.UNCHANGED, Effect.REBUILT, Effect.IMPOSSIBLE]


def test_of_a_base_that_runs_on_the_builder_every_move_counts_and_for_what_stands_on_it_too() -> None:
    family = {**FAMILY, ONE: "FROM --platform=$BUILDPLATFORM busybox:trixie AS tools\nFROM alpine:3.24\n"}
    standing = standing_on(BASE, family, {}, NAMES)
    targets = [target("1.0/trixie@s390x"), target("2.0/trixie@riscv64")]

    found = impacts(standing, targets, before=base("old", amd64="a"), after=base("new", amd64="a"))

    assert found == tuple(Impact(each, "old", "new") for each in targets)
    assert {each.is_by_index for each in standing} == {True}
