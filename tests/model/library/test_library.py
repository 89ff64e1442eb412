from dataclasses import replace

import pytest

from orchestrator.model.library import (
    Library,
    LibraryEntry,
    Origin,
    Override,
    SharedTagGroup,
    merged,
)

LINUX = LibraryEntry(
    tags=("2.0-trixie",), shared_tags=("2.0", "latest"), architectures=("amd64", "s390x"), origin=Origin(directory="a")
)
WINDOWS = LibraryEntry(
    tags=("2.0-new",), shared_tags=("2.0-windows", "2.0", "latest"), architectures=("windows-amd64",)
)
OTHER = LibraryEntry(tags=("1.0",), shared_tags=("old",), origin=Origin(directory="b"))
LIBRARY = Library(LibraryEntry(), (LINUX, WINDOWS, OTHER))


def test_shared_tags_of_the_same_entries_are_one_group_in_the_order_of_their_first_appearance() -> None:
    assert LIBRARY.shared_tag_groups == (
        SharedTagGroup(("2.0", "latest"), (LINUX, WINDOWS)),
        SharedTagGroup(("2.0-windows",), (WINDOWS,)),
        SharedTagGroup(("old",), (OTHER,)),
    )


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("2.0-trixie", ("amd64", "s390x")), ("2.0", ("amd64", "s390x", "windows-amd64")), ("1.0", ("amd64",)), ("x", ())],
)
def test_a_tag_is_there_for_the_arches_of_all_entries_that_carry_it(tag: str, expected: tuple[str, ...]) -> None:
    assert LIBRARY.architectures_of(tag) == expected


def test_an_arch_may_have_an_origin_of_its_own() -> None:
    entry = replace(LINUX, overrides=(Override("s390x", "Directory", "z"), Override("s390x", "GitCommit", "0a" * 20)))

    assert entry.origin_on("s390x") == replace(entry.origin, directory="z", git_commit="0a" * 20)
    assert entry.origin_on("amd64") == entry.origin


def test_entries_that_build_the_same_are_one_with_the_tags_of_all() -> None:
    same = replace(LINUX, maintainers=("X (@x)",), tags=("2",), shared_tags=("latest", "newest"))

    assert merged((LINUX, OTHER, same)) == (
        replace(LINUX, tags=("2.0-trixie", "2"), shared_tags=("2.0", "latest", "newest")),
        OTHER,
    )


@pytest.mark.parametrize(
    "other",
    [
        replace(LINUX, architectures=("amd64",)),
        replace(LINUX, constraints=("x",)),
        replace(LINUX, overrides=(Override("s390x", "File", "x"),)),
        *(
            replace(LINUX, origin=replace(LINUX.origin, **{attribute: "x"}))
            for attribute in ("git_repo", "git_fetch", "git_commit", "directory", "file", "builder")
        ),
    ],
)
def test_entries_that_build_something_else_stay_apart(other: LibraryEntry) -> None:
    assert merged((LINUX, other)) == (LINUX, other)
