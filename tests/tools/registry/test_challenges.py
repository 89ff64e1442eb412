"""Tests of challenges and of whom credentials may be shown to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from orchestrator.tools.registry.challenges import (
    Challenge,
    challenges,
    chosen,
    distrust,
    may_ask_anonymously,
    own_scopes,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ()),
        ('Basic realm="Registry"', (Challenge("basic", {"realm": "Registry"}),)),
        ("Basic", (Challenge("basic", {}),)),
        ("BASIC REALM=x", (Challenge("basic", {"realm": "x"}),)),
        (
            'Bearer realm="https://a.example/token",service="a.example",scope="repository:x/y:pull,push"',
            (
                Challenge(
                    "bearer",
                    {"realm": "https://a.example/token", "service": "a.example", "scope": "repository:x/y:pull,push"},
                ),
            ),
        ),
        (
            'Bearer realm="a" , service = "b"',
            (Challenge("bearer", {"realm": "a", "service": "b"}),),
        ),
        (r'Bearer realm="a\"b\\c"', (Challenge("bearer", {"realm": 'a"b\\c'}),)),
        (
            'Basic realm="one", Bearer realm="two",error="invalid_token"',
            (Challenge("basic", {"realm": "one"}), Challenge("bearer", {"realm": "two", "error": "invalid_token"})),
        ),
        ("Negotiate, Basic realm=x", (Challenge("negotiate", {}), Challenge("basic", {"realm": "x"}))),
        ('Bearer realm="first",realm="second"', (Challenge("bearer", {"realm": "first"}),)),
        ('Bearer realm="unfinished', (Challenge("bearer", {}),)),
        ('"junk"', ()),
    ],
)
def test_challenges_are_read_as_the_http_grammar_has_them(header: str, expected: tuple[Challenge, ...]) -> None:
    assert challenges(header) == expected


@given(st.text())
def test_any_header_is_read_without_failing(header: str) -> None:
    assert all(challenge.scheme for challenge in challenges(header))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("Negotiate", None),
        ("Basic realm=x", Challenge("basic", {"realm": "x"})),
        ("Basic realm=x, Bearer realm=y", Challenge("bearer", {"realm": "y"})),
    ],
)
def test_a_token_is_preferred_to_a_password(header: str, expected: Challenge | None) -> None:
    assert chosen(challenges(header)) == expected


TRUSTED = [
    ("https://auth.docker.io/token", "docker.io", "https://registry-1.docker.io/v2/"),
    ("https://ghcr.io/token", "ghcr.io", "https://ghcr.io/v2/"),
    ("https://gitlab.example.org/jwt/auth", "registry.example.org", "https://registry.example.org/v2/"),
    ("https://auth.example.co.uk/t", "registry.example.co.uk", "https://registry.example.co.uk/v2/"),
    ("http://127.0.0.1:5000/t", "127.0.0.1:5000", "http://127.0.0.1:5000/v2/"),
    ("http://localhost:5000/t", "localhost:5000", "http://localhost:5000/v2/"),
    ("https://10.0.0.1:5000/t", "10.0.0.1:5000", "https://10.0.0.1:5000/v2/"),
    ("https://tokens.other.example/t", "r.example.org", "https://r.example.org/v2/"),
]
DOUBTED = [
    ("", "it is no http URL"),
    ("/token", "it is no http URL"),
    ("file:///etc/passwd", "it is no http URL"),
    ("https://user@r.example.org/t", "it holds a user name"),
    ("http://r.example.org/t", "it is not encrypted"),
    ("http://169.254.169.254/t", "it is not encrypted"),
    ("http://127.0.0.1/t", "it is less protected than the registry"),
    ("https://169.254.169.254/t", "it is another host than the registry's"),
    ("https://evil.example/t", "it is another host than the registry's"),
    ("https://example.org.evil.example/t", "it is another host than the registry's"),
    ("https://auth.docker.io/token", "it is another host than the registry's"),
    ("https://org/t", "it is another host than the registry's"),
]


@pytest.mark.parametrize(("realm", "registry", "base"), TRUSTED)
def test_credentials_may_go_to_the_registry_itself_and_to_known_hosts(realm: str, registry: str, base: str) -> None:
    more = frozenset({"tokens.other.example"})

    assert distrust(URL(realm), registry=registry, base=URL(base), more_hosts=more) is None


@pytest.mark.parametrize(("realm", "expected"), DOUBTED)
def test_credentials_go_nowhere_else(realm: str, expected: str) -> None:
    base = URL("https://r.example.org/v2/")

    assert distrust(URL(realm), registry="r.example.org", base=base) == expected


@pytest.mark.parametrize(
    ("realm", "registry", "base"),
    [
        ("http://127.0.0.1:5099/t", "127.0.0.1:5000", "http://127.0.0.1:5000/v2/"),
        ("https://127.0.0.1:5099/t", "127.0.0.1:5000", "http://127.0.0.1:5000/v2/"),
        ("https://evil.co.uk/t", "registry.example.co.uk", "https://registry.example.co.uk/v2/"),
        ("https://10.0.0.2/t", "10.0.0.1", "https://10.0.0.1/v2/"),
    ],
)
def test_a_neighbour_is_another_host(realm: str, registry: str, base: str) -> None:
    assert distrust(URL(realm), registry=registry, base=URL(base)) == "it is another host than the registry's"


@pytest.mark.parametrize(
    ("realm", "expected"),
    [
        ("https://ghcr.io/token", True),
        ("http://ghcr.io/token", False),
        ("https://169.254.169.254/t", False),
        ("https://[fe80::1]/t", False),
        ("https://metadata/t", False),
        ("https://user@ghcr.io/token", False),
        ("", False),
    ],
)
def test_without_credentials_a_token_may_be_asked_for_on_the_web(realm: str, *, expected: bool) -> None:
    assert may_ask_anonymously(URL(realm)) is expected


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("", ()),
        ("repository:a/b:pull", ("repository:a/b:pull",)),
        ("repository:a/b:pull,push repository:c:pull", ("repository:a/b:pull,push",)),
        ("repository:a/b/c:pull registry:catalog:*", ()),
        (
            "repository:a/b:push repository:a/b:delete repository:a/b:pull,push,* repository:a/b",
            ("repository:a/b:push",),
        ),
    ],
)
def test_of_the_scopes_asked_for_only_reading_and_writing_our_repositories_counts(
    scope: str, expected: tuple[str, ...]
) -> None:
    assert own_scopes(scope, wanted=("repository:a/b:pull",)) == expected
