from collections.abc import Mapping
from dataclasses import replace

import pytest

from orchestrator.errors import InputError
from orchestrator.model.config import Config
from orchestrator.model.facts import Facts
from orchestrator.model.plan.parents import Lineage, PublicNames, base_arches, base_of, lineage
from orchestrator.model.references import Reference
from orchestrator.model.tags import Tags
from orchestrator.model.targets import Matrix, Target
from orchestrator.model.variants import Variant
from tests.samples import target

WINDOWS = "2.0/windows/windowsservercore-ltsc"


def facts(name: str, base: str = "busybox:trixie") -> Facts:
    return replace(target(f"{name}@amd64").facts, base=base)


DEBIAN, SLIM, ALPINE = facts("2.0/trixie"), facts("2.0/slim-trixie"), facts("2.0/alpine3.24")
OLDER, NEWER = facts(f"{WINDOWS}2022"), facts(f"{WINDOWS}2025")
ALL = (DEBIAN, SLIM, ALPINE, OLDER, NEWER)
TAGS: Mapping[tuple[str, Variant], Tags] = {
    (each.line, each.variant): Tags((f"2.0-{each.variant.name}",), shared)
    for each, shared in (
        (DEBIAN, ("2.0", "latest")),
        (SLIM, ()),
        (ALPINE, ()),
        (OLDER, ("2.0-windowsservercore", "2.0")),
        (NEWER, ("2.0-windowsservercore", "2.0")),
    )
}
CONFIG = Config.model_validate(
    {
        "image": "tool",
        "registry": "registry.example",
        "namespace": "acme",
        "architectures": {
            "debian": ["amd64", "s390x"],
            "slim": ["amd64", "s390x"],
            "alpine": ["amd64", "s390x", "riscv64"],
            "windowsservercore": ["windows-amd64"],
        },
        "exclude": [{"arch": "s390x", "variant": "slim", "reason": "too slow"}],
    }
)
NAMES = PublicNames.of(CONFIG, ALL, TAGS)
MATRIX = Matrix.of(ALL, CONFIG, base_arches={})


def at(of: Facts, arch: str) -> Target:
    return Target(of, arch)


def image(text: str) -> Reference:
    return Reference.parse(text)


def family(*targets: Target, images: Mapping[Facts, tuple[str, ...]], matrix: Matrix = MATRIX) -> Lineage:
    return lineage(targets, matrix=matrix, names=NAMES, images=lambda of: [image(text) for text in images.get(of, ())])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acme/tool:2.0-slim-trixie", (SLIM,)),
        ("docker.io/acme/tool:2.0-slim-trixie", (SLIM,)),
        ("registry.example/acme/tool:2.0-trixie", (DEBIAN,)),
        ("acme/tool", (DEBIAN,)),
        ("acme/tool:2.0", (DEBIAN,)),
        ("acme/tool:1.0", ()),
        ("tool:2.0", ()),
        ("other.example/acme/tool:2.0", ()),
        (f"acme/tool:2.0@sha256:{'1' * 64}", ()),
        ("acme/tool:2.0-windowsservercore", ()),
    ],
)
def test_a_public_tag_of_a_public_repository_names_what_is_published_there(
    text: str, expected: tuple[Facts, ...]
) -> None:
    assert NAMES.published(image(text), to=SLIM) == expected


def test_a_tag_means_the_images_of_the_dockerfiles_own_operating_system() -> None:
    assert NAMES.published(image("acme/tool:2.0"), to=NEWER) == (OLDER, NEWER)


def test_the_embedded_registry_has_no_name_of_its_own() -> None:
    names = PublicNames.of(Config(image="tool"), ALL, TAGS)

    assert {str(repository) for repository in names.repositories} == {"docker.io/library/tool"}
    assert names.published(image("tool:2.0"), to=SLIM) == (DEBIAN,)


def test_parents_are_those_of_the_same_arch_and_come_first() -> None:
    asked = (at(DEBIAN, "s390x"), at(ALPINE, "s390x"))

    found = family(*asked, images={DEBIAN: ("busybox:trixie", "acme/tool:2.0-alpine3.24")})

    assert found == Lineage(
        targets=(at(ALPINE, "s390x"), at(DEBIAN, "s390x")),
        selected=frozenset(asked),
        parents={at(DEBIAN, "s390x"): {image("acme/tool:2.0-alpine3.24"): at(ALPINE, "s390x")}},
    )


def test_parents_of_parents_come_too_though_nobody_asked_for_them() -> None:
    found = family(at(ALPINE, "amd64"), images={ALPINE: ("acme/tool:2.0-slim-trixie",), SLIM: ("acme/tool:latest",)})

    assert found.targets == (at(DEBIAN, "amd64"), at(SLIM, "amd64"), at(ALPINE, "amd64"))
    assert found.selected == {at(ALPINE, "amd64")}
    assert found.parents_of(at(DEBIAN, "amd64")) == {}


def test_without_parents_the_order_is_that_of_the_matrix() -> None:
    assert family(at(ALPINE, "amd64"), at(DEBIAN, "amd64"), images={}).targets == (
        at(DEBIAN, "amd64"),
        at(ALPINE, "amd64"),
    )


def test_parents_that_are_not_built_for_the_arch_are_all_named_with_the_rule() -> None:
    images = {ALPINE: ("acme/tool:2.0-slim-trixie",), DEBIAN: ("acme/tool:2.0-slim-trixie",)}

    with pytest.raises(InputError) as raised:
        family(at(ALPINE, "riscv64"), at(DEBIAN, "s390x"), at(DEBIAN, "amd64"), images=images)

    remedy = "build it there as well, or take this one out by `architectures` or `exclude` in orchestrator.yaml"
    parent = "its parent acme/tool:2.0-slim-trixie, which is 2.0/slim-trixie, is not built for"
    assert raised.value.problems == (
        f"2.0/alpine3.24@riscv64: {parent} riscv64; {remedy}",
        f"2.0/trixie@s390x: {parent} s390x (excluded: too slow); {remedy}",
    )


def test_a_tag_of_several_images_on_one_arch_is_no_parent() -> None:
    with pytest.raises(InputError, match=r"its parent acme/tool:2\.0-windowsservercore is several on windows-amd64: "):
        family(at(NEWER, "windows-amd64"), images={NEWER: ("acme/tool:2.0-windowsservercore",)})


@pytest.mark.parametrize(
    ("images", "cycle"),
    [
        ({DEBIAN: ("acme/tool:latest",)}, "2.0/trixie@amd64 -> 2.0/trixie@amd64"),
        (
            {DEBIAN: ("acme/tool:2.0-slim-trixie",), SLIM: ("acme/tool:2.0",)},
            "2.0/trixie@amd64 -> 2.0/slim-trixie@amd64 -> 2.0/trixie@amd64",
        ),
    ],
)
def test_a_cycle_is_refused_and_shown(images: Mapping[Facts, tuple[str, ...]], cycle: str) -> None:
    with pytest.raises(InputError) as raised:
        family(at(DEBIAN, "amd64"), images=images)

    assert raised.value.problems == (
        f"a target cannot be its own parent: {cycle}; "
        "let one of them stand on an image from elsewhere, or on a published one by its digest",
    )


def opened(*variants: str) -> Config:
    """The configuration with the architectures of these variants left open."""
    kept = {group: arches for group, arches in CONFIG.architectures.items() if group not in variants}
    return CONFIG.model_copy(update={"architectures": kept})


def test_open_variants_have_the_arches_that_their_parent_is_built_for() -> None:
    every = (DEBIAN, facts("2.0/slim-trixie", "acme/tool:2.0"), facts("2.0/alpine3.24", "acme/tool:2.0-slim-trixie"))

    found = base_arches(every, opened("slim", "alpine"), PublicNames.of(CONFIG, every, TAGS), asked={})

    # What is excluded of the parent is not there for those that stand on it.
    assert found == {"acme/tool:2.0": ("amd64", "s390x"), "acme/tool:2.0-slim-trixie": ("amd64",)}


def test_an_open_parent_has_the_arches_of_the_base_that_was_asked() -> None:
    every = (DEBIAN, facts("2.0/slim-trixie", "acme/tool:2.0"))
    names, asked = PublicNames.of(CONFIG, every, TAGS), {"busybox:trixie": ("i386", "riscv64")}

    assert base_arches(every, opened("debian", "slim"), names, asked=asked) == {
        **asked,
        "acme/tool:2.0": ("i386", "riscv64"),
    }
    assert base_arches(every, opened("debian", "slim"), names, asked={}) == {}


def test_open_variants_that_stand_on_each_other_are_a_cycle() -> None:
    every = (facts("2.0/trixie", "acme/tool:2.0-slim-trixie"), facts("2.0/slim-trixie", "acme/tool:2.0"))

    with pytest.raises(InputError, match=r"its own parent: 2\.0/trixie -> 2\.0/slim-trixie -> 2\.0/trixie; "):
        base_arches(every, opened("debian", "slim"), PublicNames.of(CONFIG, every, TAGS), asked={})


def test_a_base_that_is_no_image_is_named_with_its_target() -> None:
    with pytest.raises(InputError, match=r"^`bases` in orchestrator\.yaml: 2\.0/trixie: 'UPPER:1' is not an image ref"):
        base_of(facts("2.0/trixie", "UPPER:1"))
