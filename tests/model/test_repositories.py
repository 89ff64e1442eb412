import pytest

from orchestrator.model.config import Config
from orchestrator.model.references import Reference, Repository
from orchestrator.model.repositories import Repositories
from tests.samples import target

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
    ("repositories", "name", "expected"),
    [
        (PLAIN, "3.14/slim-trixie@s390x", "127.0.0.1:5000/staging/staging-s390x:python-3.14-slim-trixie"),
        (NAMED, "3.15-rc/trixie@amd64", "ghcr.io/acme/wait/staging-amd64:python-runtime-3.15-rc-trixie"),
        (
            PLAIN,
            "3.14/windows/windowsservercore-ltsc2025@windows-amd64",
            "127.0.0.1:5000/staging/staging-windows-amd64:python-3.14-windowsservercore-ltsc2025",
        ),
        (
            Repositories("127.0.0.1:5000", Config(image="a" * 200)),
            "2.0/trixie@amd64",
            f"127.0.0.1:5000/staging/staging-amd64:{'a' * 64}-2.0-trixie",
        ),
    ],
)
def test_the_last_build_of_a_target_has_one_name(repositories: Repositories, name: str, expected: str) -> None:
    assert str(repositories.last_staged(target(name))) == expected


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


@pytest.mark.parametrize(
    ("repositories", "expected"),
    [
        (PLAIN, "127.0.0.1:5000/staging/staging-s390x:_queue-python"),
        (NAMED, "ghcr.io/acme/wait/staging-s390x:_queue-python-runtime"),
        (
            Repositories("127.0.0.1:5000", Config(image="a" * 200)),
            f"127.0.0.1:5000/staging/staging-s390x:_queue-{'a' * 64}",
        ),
    ],
)
def test_the_failing_builds_of_an_arch_are_remembered_beside_its_builds(
    repositories: Repositories, expected: str
) -> None:
    assert str(repositories.queue_state("s390x")) == expected
