from dataclasses import replace

import pytest

from orchestrator.errors import InputError
from orchestrator.model.library import LibraryEntry, Origin, Override
from orchestrator.model.library.reader import read

NAME = "library/tool"
COMMIT, OTHER = "0a" * 20, "0b" * 32
HEAD = f"Maintainers: A (@a)\nGitRepo: https://example.com/x.git\nGitCommit: {COMMIT}\n\n"

EVERYTHING = f"""\
# how it was made

Maintainers: One Example <one@example.com> (@one),
# between
             Two Example (@two)
GitRepo: git://github.com/example/x.git
GitFetch: refs/heads/main
Builder: buildkit
Constraints: fast
SharedTags: latest
s390x-GitCommit: {OTHER}
arm64v8-File: Dockerfile.arm


Tags: 2.0, 2
Architectures: s390x, amd64, s390x
GitCommit: {COMMIT}
Directory: ./2.0/
arm64v8-File:
amd64-Builder: classic

Maintainers: Three (@three)
Tags: 1.0
SharedTags: old, oldest, old
GitRepo: https://example.com/y.git
GitFetch: refs/tags/v1
GitCommit: {OTHER}
File: x
Builder:
Constraints: !slow, big
"""


def test_every_field_is_read_with_what_it_takes_from_the_first_paragraph() -> None:
    reading = read(EVERYTHING, name=NAME)

    defaults = LibraryEntry(
        maintainers=("One Example <one@example.com> (@one)", "Two Example (@two)"),
        shared_tags=("latest",),
        origin=Origin(git_repo="https://github.com/example/x.git", git_fetch="refs/heads/main", builder="buildkit"),
        overrides=(Override("arm64v8", "File", "Dockerfile.arm"), Override("s390x", "GitCommit", OTHER)),
        constraints=("fast",),
    )
    assert reading.library.defaults == defaults
    assert reading.library.entries == (
        replace(
            defaults,
            tags=("2.0", "2"),
            architectures=("amd64", "s390x"),
            origin=replace(defaults.origin, git_commit=COMMIT, directory="2.0"),
            overrides=(Override("amd64", "Builder", "classic"), Override("s390x", "GitCommit", OTHER)),
        ),
        replace(
            defaults,
            maintainers=(*defaults.maintainers, "Three (@three)"),
            tags=("1.0",),
            shared_tags=("old", "oldest"),
            origin=Origin("https://example.com/y.git", "refs/tags/v1", OTHER, file="x"),
            constraints=("fast", "!slow", "big"),
        ),
    )
    assert reading.warnings == (
        "library/tool:6: GitRepo: git://github.com/example/x.git is read as https://, which GitHub speaks",
    )


def test_entries_that_build_the_same_become_one() -> None:
    text = f"{HEAD}Tags: 1.5.3\nSharedTags: a\n\nTags: 2\nDirectory: 2\n\nTags: 1.5\nSharedTags: b, a\nDirectory: ./\n"

    entries = read(text, name=NAME).library.entries

    assert [(entry.tags, entry.shared_tags) for entry in entries] == [(("1.5.3", "1.5"), ("a", "b")), (("2",), ())]


def test_without_a_word_an_entry_is_what_the_format_says() -> None:
    (entry,) = read(f"{HEAD}Tags: a", name=NAME).library.entries

    assert (entry.architectures, entry.origin) == (
        ("amd64",),
        Origin("https://example.com/x.git", "refs/heads/master", COMMIT, ".", "Dockerfile", ""),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [":1: Maintainers is missing in the first paragraph, which is for all entries"]),
        ("\nGitRepo: x\n", [":2: Maintainers is missing in the first paragraph, which is for all entries"]),
        ("Maintainers:\n", [":1: Maintainers is missing in the first paragraph, which is for all entries"]),
        (
            "Maintainers: A (@a),\n  B\n",
            [":2: Maintainers: 'B' is not a maintainer; write it like `Name <address> (@handle)` or `Name (@handle)`"],
        ),
        (
            "Maintainers: A (@a)\nTags: 1\n",
            [":2: Tags in the first paragraph, which is for all entries; move it to one"],
        ),
        (f"{HEAD}Directory: x\n", [":5: Tags is missing; an entry needs at least one"]),
        (f"{HEAD}Tags:\nDirectory: x\n", [":5: Tags is missing; an entry needs at least one"]),
        (
            f"{HEAD}Tags: 1,\n  -2\n",
            [":6: Tags: '-2' is not a tag: up to 128 letters, digits, dots, dashes, underscores"],
        ),
        (
            f"{HEAD}Tags: 1\nSharedTags: /\n",
            [":6: SharedTags: '/' is not a tag: up to 128 letters, digits, dots, dashes, underscores"],
        ),
        (f"{HEAD}Tags: 1, 1\n", [":5: the tag 1 stands on line 5 already"]),
        (f"{HEAD}Tags: 1\n\nTags: 2,\n 1\nFile: x\n", [":8: the tag 1 stands on line 5 already"]),
        (
            f"{HEAD}Tags: 1\nSharedTags: 1\n",
            [":6: the shared tag 1 is among the Tags of the same entry, on line 5; keep one"],
        ),
        (
            f"{HEAD}Tags: 1\nSharedTags: 2\n\nTags: 2\nFile: x\n",
            [":6: the shared tag 2 is the tag of another entry alone, on line 8"],
        ),
        (
            f"{HEAD.strip()}\nSharedTags: 2\n\nTags: 1\n\nTags: 2\nSharedTags: x\nFile: x\n",
            [":4: the shared tag 2 is the tag of another entry alone, on line 8"],
        ),
        (
            f"{HEAD}Tags: 1\nArchitectures: amd64, arm64\n",
            [":6: Architectures: 'arm64' is not an arch; did you mean `arm64v8`?"],
        ),
        (
            "Maintainers: A (@a)\n\nTags: 1\n",
            [
                ":3: GitCommit is missing, here and in the first paragraph",
                ":3: GitRepo is missing, here and in the first paragraph",
            ],
        ),
        (
            f"{HEAD}Tags: 1\nGitRepo:\n",
            [":6: GitRepo: '' is not a repository; write it like https://github.com/example/image.git"],
        ),
        (
            f"{HEAD}Tags: 1\nGitFetch: main\n",
            [":6: GitFetch: 'main' is not a branch or tag; write it like refs/heads/main or refs/tags/v1"],
        ),
        (
            f"{HEAD}Tags: 1\nGitCommit: HEAD\n",
            [":6: GitCommit: 'HEAD' is not a commit: 40 or 64 digits and letters a to f"],
        ),
        (
            f"{HEAD}Tags: 1\nBuilder: kaniko\n",
            [":6: Builder: 'kaniko' is not a builder; there are buildkit, classic, oci-import"],
        ),
        (
            f"{HEAD}Tags: 1\nFile:\n",
            [":6: File: '' is not a file; write it like Dockerfile, or leave the line out"],
        ),
        (
            f"{HEAD}Tags: 1\nConstraints: a b\n",
            [
                ":6: Constraints: 'a b' is not a constraint; "
                "write it like windowsservercore-ltsc2025, or with ! before it"
            ],
        ),
        (
            f"{HEAD}Tags: 1\ns390x-GitCommit: x\n",
            [":6: s390x-GitCommit: 'x' is not a commit: 40 or 64 digits and letters a to f"],
        ),
        (
            f"{HEAD}Tags: 1\naarch64-File: x\n",
            [":6: aarch64-File: 'aarch64' is not an arch; did you mean `arm64v8`?"],
        ),
        (f"{HEAD}Tags: 1\ntags: 2\n", [":6: unknown field 'tags'; did you mean `Tags`?"]),
        (f"{HEAD}Tags: 1\n-File: x\n", [":6: -File: '' is not an arch; there are amd64, arm32v5"]),
        (f"{HEAD}Tags: 1\nFile\n", [":6: expected `Name: value`, got 'File'"]),
        (f"{HEAD}Tags: 1\nTags: 2\n", [":6: Tags stands on line 5 already; keep one"]),
        (f"{HEAD}  x\nTags: 1\n", [":5: 'x' continues no field"]),
    ],
)
def test_each_error_has_its_own_message_and_line(text: str, expected: list[str]) -> None:
    with pytest.raises(InputError) as error:
        read(text, name=NAME)

    found = error.value.problems
    assert len(found) == len(expected)
    assert all(problem.startswith(f"{NAME}{start}") for problem, start in zip(found, expected, strict=True))


def test_all_errors_of_a_file_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = "Maintainers: A\nGitFetch: x\n\nTags: 1\nGitCommit: y\nArchitectures: z\n\nword\n\nTags: 1\n"

    with pytest.raises(InputError) as error:
        read(text, name=NAME)

    assert [problem.split(":")[1] for problem in error.value.problems] == [
        "1",
        "2",
        "4",
        "5",
        "6",
        "8",
        "10",
        "10",
        "10",
    ]
