from dataclasses import replace

import pytest

from orchestrator.errors import UnavailableError
from orchestrator.model.config import Config
from orchestrator.model.oci import DOCKER_LIST, DOCKER_MANIFEST, OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.plan import Unknown
from orchestrator.model.publishing.index import Member, assemble
from orchestrator.model.publishing.publication import (
    GENERATION,
    Publication,
    Staged,
    Wanted,
    arch_publications,
    shared_publications,
    wanted,
)
from orchestrator.model.references import Repository
from orchestrator.model.repositories import Repositories
from orchestrator.model.tags import Tags
from orchestrator.model.targets import Target
from tests.samples import target

CONFIG = Config.model_validate(
    {"image": "tool", "registry": "registry.example", "best_effort": ["riscv64"], "arch_namespaces": {"i386": "x86"}}
)
REPOSITORIES = Repositories("registry.example", CONFIG)

AMD64 = target("2.0/trixie@amd64")
RISCV64 = target("2.0/trixie@riscv64")
S390X = target("2.0/trixie@s390x")
NEW_WINDOWS = target("2.0/windows/windowsservercore-ltsc2025@windows-amd64")
OLD_WINDOWS = target("2.0/windows/windowsservercore-ltsc2022@windows-amd64")
SLIM = target("2.0/slim-trixie@amd64")


def staged(*targets: Target) -> dict[Target, Staged | Unknown]:
    return {each: Staged(each, REPOSITORIES.staging(each.arch), (member(each),)) for each in targets}


def member(of: Target) -> Member:
    return Member(of.arch, Descriptor(OCI_MANIFEST, digest_of(str(of).encode()), 7, platform=of.platform))


def shared(*expected: Target, there: tuple[Target, ...]) -> Publication:
    (publication,) = shared_publications(Wanted({"2.0": expected}), staged(*there), repositories=REPOSITORIES)
    return publication


def test_a_tag_stands_for_all_that_carry_it_on_all_arches() -> None:
    tags_of = {
        ("2.0", AMD64.facts.variant): Tags(("2.0-trixie",), ("2.0", "2.0.1"), ("2.0.1",)),
        ("2.0", NEW_WINDOWS.facts.variant): Tags(("2.0-new",), ("2.0-windows", "2.0")),
        ("2.0", OLD_WINDOWS.facts.variant): Tags(("2.0-old",), ("2.0-windows", "2.0")),
    }

    found = wanted((AMD64, S390X, NEW_WINDOWS, OLD_WINDOWS), tags_of, generation=7)

    assert found == Wanted(
        {
            "2.0-trixie": (AMD64, S390X),
            "2.0": (AMD64, S390X, NEW_WINDOWS, OLD_WINDOWS),
            "2.0.1": (AMD64, S390X),
            "2.0-new": (NEW_WINDOWS,),
            "2.0-old": (OLD_WINDOWS,),
            "2.0-windows": (NEW_WINDOWS, OLD_WINDOWS),
        },
        exact=frozenset({"2.0.1"}),
        generation=7,
    )
    assert found.targets == (AMD64, S390X, NEW_WINDOWS, OLD_WINDOWS)


@pytest.mark.parametrize(
    ("there", "held_by", "left_out"),
    [
        ((AMD64, S390X, RISCV64), (), ()),
        ((AMD64, S390X), (), (RISCV64,)),
        ((AMD64, RISCV64), (S390X,), ()),
        ((AMD64,), (S390X,), ()),
        ((), (AMD64, S390X), ()),
    ],
)
def test_a_shared_tag_waits_for_every_required_arch(
    there: tuple[Target, ...], held_by: tuple[Target, ...], left_out: tuple[Target, ...]
) -> None:
    publication = shared(AMD64, RISCV64, S390X, there=there)

    assert (publication.held_by, publication.left_out) == (held_by, left_out)


def test_a_tag_of_best_effort_arches_alone_waits_until_one_is_there() -> None:
    assert shared(RISCV64, there=()).held_by == (RISCV64,)
    assert shared(RISCV64, there=(RISCV64,)).held_by == ()


def test_windows_and_linux_stand_in_one_index() -> None:
    every = (AMD64, NEW_WINDOWS, OLD_WINDOWS)

    publication = shared(*every, there=every)

    assert publication == Publication(
        tag=Repository("registry.example", "library/tool").tagged("2.0"),
        expected=every,
        staged=tuple(Staged(each, REPOSITORIES.staging(each.arch), (member(each),)) for each in every),
        missing=(),
        best_effort=frozenset({"riscv64"}),
    )
    assert publication.members == tuple(member(each).holding("2.0.1") for each in every)
    assert publication.assembled() == assemble(publication.members)


def test_an_index_says_which_checkout_made_it_where_that_is_known() -> None:
    publication = replace(shared(AMD64, there=(AMD64,)), generation=1_700_000_000)

    assert dict(publication.assembled().annotations) == {GENERATION: "1700000000"}
    assert publication.assembled([member(S390X)]).children == assemble([*publication.members, member(S390X)]).children


def test_a_list_over_dockers_manifests_says_nothing_that_docker_has_no_place_for() -> None:
    image = Member("windows-amd64", replace(member(NEW_WINDOWS).image, media_type=DOCKER_MANIFEST))
    found = {NEW_WINDOWS: Staged(NEW_WINDOWS, REPOSITORIES.staging("windows-amd64"), (image,))}
    tags = Wanted({"2.0-windows": (NEW_WINDOWS,)}, generation=7)

    (publication,) = shared_publications(tags, found, repositories=REPOSITORIES)

    index = publication.assembled()
    assert (index.media_type, index.annotations, index.children) == (DOCKER_LIST, (), (image.image,))


def test_what_is_not_known_to_be_staged_is_neither_staged_nor_missing() -> None:
    unknown = Unknown(S390X, UnavailableError("503"))
    tags = Wanted({"2.0.1": (AMD64, S390X, RISCV64)}, exact=frozenset({"2.0.1"}), generation=7)
    found = {**staged(AMD64), S390X: unknown}

    (publication,) = shared_publications(tags, found, repositories=REPOSITORIES)

    assert publication == Publication(
        tag=REPOSITORIES.shared.tagged("2.0.1"),
        expected=(AMD64, S390X, RISCV64),
        staged=(Staged(AMD64, REPOSITORIES.staging("amd64"), (member(AMD64),)),),
        missing=(RISCV64,),
        best_effort=frozenset({"riscv64"}),
        unknown=(unknown,),
        is_exact=True,
        generation=7,
    )


def test_a_release_of_windows_that_is_missing_holds_the_tag() -> None:
    assert shared(AMD64, NEW_WINDOWS, OLD_WINDOWS, there=(AMD64, NEW_WINDOWS)).held_by == (OLD_WINDOWS,)


def test_shared_tags_move_from_the_most_specific_to_latest() -> None:
    expected = dict.fromkeys(("latest", "2", "2.0.1", "2.0", "2.0.1-trixie"), (AMD64,))

    publications = shared_publications(Wanted(expected), staged(AMD64), repositories=REPOSITORIES)

    assert [str(each.tag) for each in publications] == [
        f"registry.example/library/tool:{tag}" for tag in ("2.0.1", "2.0.1-trixie", "2.0", "2", "latest")
    ]


def test_arch_tags_stand_in_the_repositories_of_their_arches_and_hold_nobody_else() -> None:
    i386 = target("2.0/trixie@i386")
    expected = {"latest": (i386, AMD64, RISCV64), "2.0-slim": (SLIM,), "2.0": (i386, AMD64, RISCV64)}

    publications = arch_publications(Wanted(expected), staged(AMD64, i386), repositories=REPOSITORIES)

    assert not any(each.is_shared for each in publications)
    assert [(str(each.tag), each.expected, each.held_by, each.left_out) for each in publications] == [
        ("registry.example/amd64/tool:2.0", (AMD64,), (), ()),
        ("registry.example/amd64/tool:2.0-slim", (SLIM,), (SLIM,), ()),
        ("registry.example/amd64/tool:latest", (AMD64,), (), ()),
        ("registry.example/x86/tool:2.0", (i386,), (), ()),
        ("registry.example/x86/tool:latest", (i386,), (), ()),
        ("registry.example/riscv64/tool:2.0", (RISCV64,), (RISCV64,), ()),
        ("registry.example/riscv64/tool:latest", (RISCV64,), (RISCV64,), ()),
    ]
