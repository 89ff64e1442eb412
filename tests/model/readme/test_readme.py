from dataclasses import replace

import pytest

from orchestrator.model.config import Config
from orchestrator.model.config.readme import ReadmeConfig
from orchestrator.model.library import Library, LibraryEntry, Origin, Override
from orchestrator.model.readme import (
    PLAIN,
    Flavour,
    Listed,
    ListedTogether,
    PublishedTags,
    TagLists,
    architectures,
    entries_for,
    example_tag,
    existing,
    flavours,
    idle_patterns,
    image_name,
    page_of,
    repository,
    tag_lists,
)
from orchestrator.model.references import Repository

COMMIT, OTHER = "0a" * 20, "0b" * 20
PAGE = f"https://github.com/x/y/blob/{COMMIT}"
WORDS = ("slim", "alpine", "windowsservercore")


def entry(directory: str, tags: str, *, shared: str = "", arches: str = "amd64 s390x") -> LibraryEntry:
    return LibraryEntry(
        tags=tuple(tags.split()),
        shared_tags=tuple(shared.split()),
        architectures=tuple(arches.split()),
        origin=Origin("https://github.com/x/y", git_commit=COMMIT, directory=directory),
    )


FULL = entry("full", "2.0-trixie trixie", shared="2.0 latest")
SLIM = entry("slim", "2.0-slim-trixie 2.0-slim slim", arches="amd64")
ALPINE = entry("alpine", "2.0-alpine3.23", arches="arm32v6")
WINDOWS = entry("windows", "2.0-core-1", shared="2.0-core 2.0 latest", arches="windows-amd64")
LIBRARY = Library(LibraryEntry(), (FULL, SLIM, ALPINE, WINDOWS))


@pytest.mark.parametrize(
    ("config", "arch", "expected"),
    [
        (Config(image="x"), None, "x"),
        (Config(image="x"), "s390x", "s390x/x"),
        (Config(image="x", arch_namespaces={"s390x": "big"}, namespace="team"), "s390x", "big/x"),
        (Config(image="x", namespace="team"), None, "team/x"),
        (Config(image="x", registry="docker.io"), None, "x"),
        (Config(image="x", registry="ghcr.io"), None, "ghcr.io/library/x"),
        (Config(image="x", registry="ghcr.io"), "amd64", "ghcr.io/amd64/x"),
        (Config(image="x", public_name="ghcr.io/example/x"), None, "ghcr.io/example/x"),
        (Config(image="x", public_name="other"), "amd64", "amd64/x"),
    ],
)
def test_an_image_is_called_what_is_pulled(config: Config, arch: str | None, expected: str) -> None:
    assert image_name(config, arch) == expected


@pytest.mark.parametrize(
    ("where", "pages", "expected"),
    [
        (Repository("docker.io", "library/x"), "", "https://hub.docker.com/_/x"),
        (Repository("docker.io", "s390x/x"), "", "https://hub.docker.com/r/s390x/x/"),
        (Repository("ghcr.io", "s390x/x"), "", ""),
        (Repository("ghcr.io", "s390x/x"), "https://example.com/{repository}", "https://example.com/s390x/x"),
    ],
)
def test_a_repository_has_a_page_where_one_is_known(where: Repository, pages: str, expected: str) -> None:
    config = Config(image="x", readme=ReadmeConfig(pages=pages) if pages else ReadmeConfig())

    assert page_of(where, config) == expected


def test_what_goes_to_the_local_registry_is_called_as_on_docker_hub() -> None:
    assert repository(Config(image="x"), "s390x") == Repository("docker.io", "s390x/x")


def test_architectures_are_those_of_all_entries() -> None:
    assert architectures(LIBRARY) == ("amd64", "arm32v6", "s390x", "windows-amd64")


def test_entries_are_those_of_an_arch_or_all() -> None:
    assert (entries_for(LIBRARY, "amd64"), entries_for(LIBRARY, None)) == ((FULL, SLIM), LIBRARY.entries)


def test_tags_are_listed_with_the_dockerfile_of_their_entry() -> None:
    full, slim = Listed(FULL.tags, f"{PAGE}/full/Dockerfile"), Listed(SLIM.tags, f"{PAGE}/slim/Dockerfile")
    alpine = Listed(ALPINE.tags, f"{PAGE}/alpine/Dockerfile")
    windows = Listed(WINDOWS.tags, f"{PAGE}/windows/Dockerfile")

    assert tag_lists(LIBRARY, arch=None) == TagLists(
        simple=(full, slim, alpine, windows),
        shared=(ListedTogether(("2.0", "latest"), (full, windows)), ListedTogether(("2.0-core",), (windows,))),
    )


def test_an_arch_lists_its_own_entries_and_no_group_without_one() -> None:
    full, slim = Listed(FULL.tags, f"{PAGE}/full/Dockerfile"), Listed(SLIM.tags, f"{PAGE}/slim/Dockerfile")

    assert tag_lists(LIBRARY, arch="amd64") == TagLists((full, slim), (ListedTogether(("2.0", "latest"), (full,)),))
    assert tag_lists(LIBRARY, arch="mips64le") == TagLists((), ())


@pytest.mark.parametrize(
    ("arches", "arch", "commit"),
    [
        ("amd64 s390x", "s390x", OTHER),
        ("amd64 s390x", "amd64", COMMIT),
        ("amd64 s390x", None, COMMIT),
        ("arm64v8 s390x", None, COMMIT),
        ("s390x", None, OTHER),
    ],
)
def test_a_dockerfile_is_the_one_of_the_arch_amd64s_for_all_or_else_the_first_ones(
    arches: str, arch: str | None, commit: str
) -> None:
    one = replace(entry("a", "1.0", arches=arches), overrides=(Override("s390x", "GitCommit", OTHER),))

    (listed,) = tag_lists(Library(LibraryEntry(), (one,)), arch=arch).simple

    assert listed.page == f"https://github.com/x/y/blob/{commit}/a/Dockerfile"


def test_entries_with_a_tag_like_a_pattern_are_left_out_of_both_lists() -> None:
    slim = Listed(SLIM.tags, f"{PAGE}/slim/Dockerfile")

    lists = tag_lists(LIBRARY, arch="amd64", without=("*trixie", "*-core-*"))
    others = tag_lists(LIBRARY, arch="amd64", without=("trixie", "*-core-*"))

    assert lists == TagLists((), (), left_out=("*trixie",))
    assert others == TagLists((slim,), (), left_out=("trixie",))


def test_a_pattern_that_no_tag_is_like_is_found() -> None:
    assert idle_patterns(LIBRARY, ("*-core-?", "*-old", "2.*", "2.0")) == ("*-old", "2.0")


def test_flavours_are_found_in_tags_the_plain_one_first() -> None:
    entries = (
        entry("", "2.0.1-slim-trixie 2.0-slim-trixie slim-trixie 2.0.1-slim 2.0-slim slim"),
        entry("", "2.0.1-trixie 2.0-trixie trixie", shared="2.0.1 2.0 2 latest"),
        entry("", "2.0.1-bookworm 2.0-bookworm"),
        entry("", "2.0.1-alpine3.24 2.0-alpine3.24 2.0.1-alpine 2.0-alpine"),
        entry("", "2.0.1-alpine3.23 2.0-alpine3.23"),
        entry("", "2.0.1-windowsservercore-ltsc2025", shared="2.0-windowsservercore 2.0"),
    )

    assert flavours(entries, WORDS) == (
        Flavour(PLAIN, "2", ("trixie", "bookworm")),
        Flavour("slim", "2.0-slim", ("trixie",)),
        Flavour("alpine", "2.0-alpine", ("alpine3.24", "alpine3.23")),
        Flavour("windowsservercore", "2.0-windowsservercore", ("ltsc2025",)),
    )


def test_a_flavour_without_a_tag_of_its_own_name_takes_one_that_it_has() -> None:
    assert flavours([entry("", "2.0-alpine3.23 2-alpine3.23")], WORDS) == (
        Flavour("alpine", "2-alpine3.23", ("alpine3.23",)),
    )


def test_tags_without_a_variant_are_of_the_plain_flavour() -> None:
    assert flavours([entry("", "1.0 1 latest")], WORDS) == (Flavour(PLAIN, "1", ()),)
    assert flavours([], WORDS) == ()


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("3.14.6 3.14 3 latest", "3"),
        ("latest 3.14-alpine alpine", "3.14-alpine"),
        ("rc rc-slim", "rc"),
        ("3.15 3.14", "3.15"),
    ],
)
def test_an_example_has_the_tag_that_moves_on_longest(tags: str, expected: str) -> None:
    assert example_tag(tags.split()) == expected


PUBLISHED = PublishedTags(
    shared=frozenset({"2.0-trixie", "2.0", "2.0-slim"}),
    of_arch={
        "amd64": frozenset({"2.0-trixie", "trixie", "slim"}),
        "arm32v6": frozenset(),
        "s390x": frozenset(),
        "windows-amd64": frozenset({"2.0-core-1", "2.0-core"}),
    },
)


def test_what_the_registry_lacks_is_not_there_for_all_arches() -> None:
    assert existing(LIBRARY, PUBLISHED, arch=None).entries == (
        replace(FULL, tags=("2.0-trixie",), shared_tags=("2.0",), architectures=("amd64",)),
        replace(SLIM, tags=("2.0-slim",)),
    )


def test_what_the_repository_of_an_arch_lacks_is_not_there_though_every_arch_is_known() -> None:
    found = existing(LIBRARY, PUBLISHED, arch="amd64")

    assert entries_for(found, "amd64") == (
        replace(FULL, tags=("2.0-trixie", "trixie"), shared_tags=(), architectures=("amd64",)),
        replace(SLIM, tags=("slim",)),
    )
    assert architectures(found) == ("amd64", "windows-amd64")
    assert entries_for(existing(LIBRARY, PUBLISHED, arch="s390x"), "s390x") == ()
