import pytest

from orchestrator.model.library.words import WORDS, is_insecure

COMMIT = "0a" * 20


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("Maintainers", "Full Name <name@example.com> (@name)", None),
        ("Maintainers", "Full Name <https://example.com> (@name)", None),
        ("Maintainers", "Name (@name)", None),
        ("Tags", "3.14_x-Y", None),
        ("Tags", "x" * 128, None),
        ("Architectures", "windows-amd64", None),
        ("GitRepo", "https://example.com/x.git", None),
        ("GitRepo", "git://github.com/x/y.git", "https://github.com/x/y.git"),
        ("GitRepo", "git://example.com/x", None),
        ("GitFetch", "refs/tags/v1/2", None),
        ("GitCommit", COMMIT, None),
        ("GitCommit", "0a" * 32, None),
        ("Directory", "./a//b/../c/", "a/c"),
        ("Directory", "", "."),
        ("Directory", "//a", "/a"),
        ("File", "Dockerfile.x", None),
        ("Builder", "oci-import", None),
        ("Builder", "", None),
        ("Constraints", "!x", None),
    ],
)
def test_a_word_is_read(kind: str, text: str, expected: str | None) -> None:
    assert WORDS[kind](text) == (text if expected is None else expected)


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        *(
            ("Maintainers", text, "is not a maintainer; write it like")
            for text in ("", "Name", "Name <x>", "Name @name", "(@name)", "Name <a b> (@name)", "A, B (@name)", "N(@n)")
        ),
        *(("Tags", text, "is not a tag") for text in ("", "-a", ".a", "a b", "a/b", "x" * 129, "größe")),
        ("Architectures", "arm64", "is not an arch; did you mean `arm64v8`?"),
        *(("GitRepo", text, "is not a repository") for text in ("", "a b", "a\nb")),
        *(
            ("GitFetch", text, "is not a branch or tag")
            for text in (
                "",
                "master",
                "refs/heads/",
                "refs/heads/*",
                "refs/pull/1/head",
                "refs/tags/a:b",
                "refs/tags/a?",
            )
        ),
        *(("GitCommit", text, "is not a commit") for text in ("", "HEAD", COMMIT[1:], f"{COMMIT}0", COMMIT.upper())),
        *(("File", text, "is not a file") for text in ("", "a\nb")),
        ("Builder", "buildx", "is not a builder; did you mean `buildkit`?"),
        *(("Constraints", text, "is not a constraint") for text in ("", "!", "!!a", "a b")),
    ],
)
def test_a_word_that_is_none_says_what_was_expected(kind: str, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match="is not") as error:
        WORDS[kind](text)

    assert str(error.value).startswith(repr(text)[:80])
    assert reason in str(error.value)


def test_only_github_is_read_by_another_protocol() -> None:
    assert [is_insecure(text) for text in ("git://github.com/x", "git://example.com/x", "https://github.com/x")] == [
        True,
        False,
        False,
    ]
