from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.library import (
    ORIGIN_FIELDS,
    Library,
    LibraryEntry,
    Origin,
    Override,
    merged,
)
from orchestrator.model.library.of_image import Committed, image_library
from orchestrator.model.library.reader import read
from orchestrator.model.library.words import BUILDERS
from orchestrator.model.platforms import ARCHES
from orchestrator.model.targets import Matrix
from orchestrator.render.dockerfile import path_of
from orchestrator.render.library import canonical, library_diff, library_document, library_file
from tests.golden import expected
from tests.templates import shipped

COMMIT = "0a" * 20
DEFAULTS = LibraryEntry(
    maintainers=("One (@one)", "Two <two@example.com> (@two)"),
    shared_tags=("latest",),
    origin=Origin(git_repo="https://example.com/x.git", builder="buildkit"),
    overrides=(Override("arm64v8", "File", "Dockerfile.arm"),),
    constraints=("fast",),
)
LIBRARY = Library(
    DEFAULTS,
    (
        replace(DEFAULTS, tags=("2.0", "2"), origin=replace(DEFAULTS.origin, git_commit=COMMIT, directory="2.0")),
        LibraryEntry(
            maintainers=(*DEFAULTS.maintainers, "Three (@three)"),
            tags=("1.0",),
            shared_tags=("old", "oldest"),
            architectures=("amd64", "s390x"),
            origin=Origin("https://example.com/y.git", "refs/tags/v1", COMMIT, "1.0", "x", "classic"),
            overrides=(Override("s390x", "Builder", "classic"), Override("s390x", "GitCommit", "0b" * 20)),
            constraints=("fast", "!slow"),
        ),
        replace(DEFAULTS, tags=("0.9",), origin=Origin("https://example.com/x.git", git_commit=COMMIT)),
    ),
)


def test_bashbrews_layout_leaves_out_what_an_entry_takes_from_above() -> None:
    assert canonical(LIBRARY) == (
        "Maintainers: One (@one), Two <two@example.com> (@two)\n"
        "SharedTags: latest\n"
        "GitRepo: https://example.com/x.git\n"
        "Builder: buildkit\n"
        "arm64v8-File: Dockerfile.arm\n"
        "Constraints: fast\n"
        "\n"
        "Tags: 2.0, 2\n"
        f"GitCommit: {COMMIT}\n"
        "Directory: 2.0\n"
        "\n"
        "Maintainers: Three (@three)\n"
        "Tags: 1.0\n"
        "SharedTags: old, oldest\n"
        "Architectures: amd64, s390x\n"
        "GitRepo: https://example.com/y.git\n"
        "GitFetch: refs/tags/v1\n"
        f"GitCommit: {COMMIT}\n"
        "Directory: 1.0\n"
        "File: x\n"
        "Builder: classic\n"
        "arm64v8-File:\n"
        "s390x-Builder: classic\n"
        f"s390x-GitCommit: {'0b' * 20}\n"
        "Constraints: !slow\n"
        "\n"
        "Tags: 0.9\n"
        f"GitCommit: {COMMIT}\n"
        "Builder:\n"
    )


def test_docker_librarys_layout_has_maintainers_one_a_line_and_the_builder_last() -> None:
    head, first, second = library_file(Library(LIBRARY.defaults, LIBRARY.entries[:2])).split("\n\n")[1:]

    assert head.splitlines()[:2] == ["Maintainers: One (@one),", "             Two <two@example.com> (@two)"]
    assert first.splitlines() == ["Tags: 2.0, 2", "Architectures: amd64", f"GitCommit: {COMMIT}", "Directory: 2.0"]
    assert second.splitlines()[-2:] == ["Constraints: !slow", "Builder: classic"]


def test_the_library_file_of_the_shipped_image_is_read_and_printed_alike() -> None:
    targets = Matrix.of(shipped.all_facts(), shipped.config(), base_arches={}).targets
    committed = {
        target.facts.name: Committed(f"dockerfiles/{path_of(target.facts).parent}", COMMIT) for target in targets
    }

    library = image_library(targets, shipped.tags(), committed, config=shipped.config())

    text = expected("library/python", library_file(library))
    reread = read(text, name="python").library
    assert (library_file(library), reread, library_file(reread)) == (text, library, text)


def test_a_diff_shows_what_an_entry_says_otherwise() -> None:
    new = Library(DEFAULTS, (replace(LIBRARY.entries[0], tags=("2.1", "2")), *LIBRARY.entries[1:]))

    lines = library_diff(LIBRARY, new, name="tool").splitlines()

    assert [line for line in lines if line[0] in "+-"] == ["--- a/tool", "+++ b/tool", "-Tags: 2.0, 2", "+Tags: 2.1, 2"]
    assert library_diff(LIBRARY, LIBRARY, name="tool") == ""


def test_a_document_has_entries_in_full_and_groups_of_shared_tags() -> None:
    document = library_document(Library(DEFAULTS, LIBRARY.entries[1:2]))

    assert document == {
        "schema": 1,
        "exit_code": 0,
        "maintainers": ["One (@one)", "Two <two@example.com> (@two)"],
        "entries": [
            {
                "tags": ["1.0"],
                "shared_tags": ["old", "oldest"],
                "architectures": ["amd64", "s390x"],
                "git_repo": "https://example.com/y.git",
                "git_fetch": "refs/tags/v1",
                "git_commit": COMMIT,
                "directory": "1.0",
                "file": "x",
                "builder": "classic",
                "overrides": {"s390x": {"builder": "classic", "git_commit": "0b" * 20}},
                "constraints": ["fast", "!slow"],
                "maintainers": ["One (@one)", "Two <two@example.com> (@two)", "Three (@three)"],
            }
        ],
        "shared_tag_groups": [{"shared_tags": ["old", "oldest"], "entries": ["1.0"]}],
    }


VALUES: dict[str, st.SearchStrategy[str]] = {
    "GitRepo": st.sampled_from(["https://example.com/x.git", "https://example.com/y.git"]),
    "GitFetch": st.sampled_from(["refs/heads/master", "refs/heads/main", "refs/tags/v1"]),
    "GitCommit": st.sampled_from([COMMIT, "0b" * 32]),
    "Directory": st.sampled_from([".", "a", "a/b"]),
    "File": st.sampled_from(["Dockerfile", "x"]),
    "Builder": st.sampled_from(["", *BUILDERS]),
}
OVERRIDES = st.dictionaries(
    st.tuples(st.sampled_from(list(ARCHES)), st.sampled_from(["GitCommit", "File"])), st.just(COMMIT), max_size=3
).map(lambda found: tuple(sorted((Override(*key, value) for key, value in found.items()), key=lambda each: each.name)))
WORDS = st.lists(st.sampled_from(["a", "!b", "c"]), unique=True, max_size=3).map(tuple)


@st.composite
def entries(draw: st.DrawFn, base: LibraryEntry, position: int) -> LibraryEntry:
    """An entry as it can be after reading: lists that grow begin with the base's."""
    shared = draw(st.lists(st.sampled_from(["s1", "s2", "s3"]), unique=True, max_size=3))
    return LibraryEntry(
        maintainers=(*base.maintainers, *draw(st.sampled_from([(), ("Other (@other)",)]))),
        tags=tuple(f"t{position}.{number}" for number in range(draw(st.integers(1, 3)))),
        shared_tags=tuple(shared) or base.shared_tags,
        architectures=tuple(sorted(draw(st.sets(st.sampled_from(list(ARCHES)), min_size=1, max_size=3)))),
        origin=draw(st.builds(Origin, **{name: VALUES[key] for key, name in ORIGIN_FIELDS.items()})),
        overrides=draw(OVERRIDES),
        constraints=(*base.constraints, *draw(WORDS)),
    )


@st.composite
def libraries(draw: st.DrawFn) -> Library:
    defaults: Any = replace(draw(entries(LibraryEntry(maintainers=("One (@one)",)), 0)), tags=())
    count = draw(st.integers(0, 4))
    return Library(defaults, merged(draw(entries(defaults, position)) for position in range(1, count + 1)))


@given(libraries())
def test_what_is_printed_is_read_as_the_same_library(library: Library) -> None:
    assert read(canonical(library), name="x").library == library


@given(libraries())
def test_what_is_laid_out_is_read_as_the_same_library(library: Library) -> None:
    assert read(library_file(library), name="x").library == library


@pytest.mark.parametrize("print_", [canonical, library_file])
def test_a_file_ends_with_one_line_break(print_: Any) -> None:
    assert print_(LIBRARY)[-2:] == ":\n"
