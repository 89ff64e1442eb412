import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.references import (
    Reference,
    Repository,
    hub_name,
    is_digest,
    is_registry,
    is_repository_path,
    is_tag,
)

DIGEST = f"sha256:{'0a' * 32}"

COMPONENTS = st.from_regex(r"[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,8}){0,2}", fullmatch=True)
PATHS = st.lists(COMPONENTS, min_size=2, max_size=4).map("/".join)
REGISTRIES = st.sampled_from(["docker.io", "ghcr.io", "localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000"])
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True)
NAMED = st.tuples(TAGS, st.just("")) | st.tuples(st.just(""), st.just(DIGEST)) | st.tuples(TAGS, st.just(DIGEST))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("debian", Reference("docker.io", "library/debian", "latest")),
        ("eclipse-temurin:21", Reference("docker.io", "library/eclipse-temurin", "21")),
        ("owner/app", Reference("docker.io", "owner/app", "latest")),
        ("index.docker.io/debian:13", Reference("docker.io", "library/debian", "13")),
        ("registry-1.docker.io/library/debian", Reference("docker.io", "library/debian", "latest")),
        ("localhost/app:1", Reference("localhost", "app", "1")),
        ("127.0.0.1:5000/a/b", Reference("127.0.0.1:5000", "a/b", "latest")),
        ("[::1]:5000/a:x", Reference("[::1]:5000", "a", "x")),
        (f"ghcr.io/a/b:1@{DIGEST}", Reference("ghcr.io", "a/b", "1", DIGEST)),
        (f"debian@{DIGEST}", Reference("docker.io", "library/debian", "", DIGEST)),
        (
            "mcr.microsoft.com/windows/servercore:ltsc2025",
            Reference("mcr.microsoft.com", "windows/servercore", "ltsc2025"),
        ),
    ],
)
def test_parse(text: str, expected: Reference) -> None:
    assert Reference.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "App",
        "a b",
        "app:%%",
        "app:",
        "app@sha256:12",
        "app@",
        "a//b",
        "/a",
        "a/",
        "-a",
        "a/-b",
        "..",
        "a/../b",
        "--help",
        "app:-x",
        "app:.x",
        f"app:{'x' * 129}",
        "app:a:b",
        "app:a,push=true",
        "app\n",
        "ghcr.io/UPPER/x",
        "ghcr.io:99999/x",
        "ghcr..io/x",
        "x.y:0/a",
        f"ghcr.io/{'a' * 256}",
        "user:word@ghcr.io/a",
        "https://ghcr.io/a",
        f"a@{DIGEST.upper()}",
    ],
)
def test_parse_rejects(text: str) -> None:
    with pytest.raises(ValueError, match="is not an image reference; write it like"):
        Reference.parse(text)


@given(st.builds(lambda registry, path, named: Reference(registry, path, *named), REGISTRIES, PATHS, NAMED))
def test_a_reference_is_read_back_from_its_text(reference: Reference) -> None:
    assert Reference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("docker.io/library/debian:13", "debian:13"),
        ("docker.io/owner/app:1", "owner/app:1"),
        ("ghcr.io/library/x:1", "ghcr.io/library/x:1"),
        (f"debian@{DIGEST}", f"debian@{DIGEST}"),
    ],
)
def test_short_is_what_people_write(text: str, expected: str) -> None:
    assert Reference.parse(text).short == expected


def test_a_pinned_reference_has_no_tag() -> None:
    assert Reference.parse("debian:13").pinned(DIGEST) == Reference("docker.io", "library/debian", "", DIGEST)


def test_a_repository_makes_references() -> None:
    repository = Repository("ghcr.io", "a/b")

    assert (repository.tagged("1"), repository.at(DIGEST), repository.tagged("1").repository, str(repository)) == (
        Reference("ghcr.io", "a/b", "1"),
        Reference("ghcr.io", "a/b", "", DIGEST),
        repository,
        "ghcr.io/a/b",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a" * 255, True), ("a" * 256, False), ("a__b", True), ("a___b", False), ("a--b", True), ("A", False)],
)
def test_repository_paths(text: str, expected: bool) -> None:
    assert is_repository_path(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"), [("x" * 128, True), ("x" * 129, False), ("_x", True), ("x+y", False), ("", False)]
)
def test_tags(text: str, expected: bool) -> None:
    assert is_tag(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("local", True),
        ("ghcr.io", True),
        ("h:65535", True),
        ("h:65536", False),
        ("h:0", False),
        ("h:", False),
        ("-h", False),
        ("h/x", False),
        ("u@h", False),
        ("[::1]", True),
        ("a--b.c", True),
        ("a.", False),
    ],
)
def test_registries(text: str, expected: bool) -> None:
    assert is_registry(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"), [(DIGEST, True), (DIGEST[:-1], False), (DIGEST + "\n", False), ("", False)]
)
def test_digests(text: str, expected: bool) -> None:
    assert is_digest(text) is expected


@pytest.mark.parametrize(("text", "expected"), [("index.docker.io", "docker.io"), ("ghcr.io", "ghcr.io")])
def test_docker_hub_has_one_name(text: str, expected: str) -> None:
    assert hub_name(text) == expected
