import pytest

from orchestrator.model.config import Config
from orchestrator.model.references import Reference, Repository
from orchestrator.model.repositories import Repositories

PLAIN = Repositories("127.0.0.1:5000", Config(image="python"))
NAMED = Repositories(
    "ghcr.io",
    Config.model_validate(
        {
            "image": "python/runtime",
            "namespace": "acme",
            "staging_namespace": "acme/wait",
            "arch_namespaces": {"arm64v8": "acme/arm"},
        }
    ),
)


def test_shared_tags_have_a_repository_of_their_own() -> None:
    assert PLAIN.shared == Repository("127.0.0.1:5000", "library/python")
    assert NAMED.shared == Repository("ghcr.io", "acme/python/runtime")


@pytest.mark.parametrize(
    ("repositories", "arch", "expected"),
    [
        (PLAIN, "amd64", "127.0.0.1:5000/amd64/python"),
        (PLAIN, "windows-amd64", "127.0.0.1:5000/winamd64/python"),
        (NAMED, "arm64v8", "ghcr.io/acme/arm/python/runtime"),
        (NAMED, "s390x", "ghcr.io/s390x/python/runtime"),
    ],
)
def test_each_arch_has_a_namespace(repositories: Repositories, arch: str, expected: str) -> None:
    assert str(repositories.arch(arch)) == expected


def test_a_build_waits_under_its_id_in_the_staging_repository_of_its_arch() -> None:
    assert PLAIN.staged("s390x", "0a1b") == Reference("127.0.0.1:5000", "staging/staging-s390x", "0a1b")
    assert str(NAMED.staged("arm64v8", "0a1b")) == "ghcr.io/acme/wait/staging-arm64v8:0a1b"


@pytest.mark.parametrize(
    ("repositories", "is_native", "expected"),
    [
        (PLAIN, True, "docker.io/library/python"),
        (PLAIN, False, "docker.io/arm64v8/python"),
        (NAMED, False, "docker.io/acme/arm/python/runtime"),
    ],
)
def test_an_engine_knows_images_of_its_own_arch_by_their_plain_name(
    repositories: Repositories, is_native: bool, expected: str
) -> None:
    assert str(repositories.local("arm64v8", is_native=is_native)) == expected
