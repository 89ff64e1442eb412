"""Tests of how credentials are found in Docker's configuration; its helpers are tested for real."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.tools.registry.credentials import Credential, DockerCredentials

AUTH = base64.b64encode(b"me:a:b c").decode()
ME = Credential("me", "a:b c")


def configured(folder: Path, content: Any) -> DockerCredentials:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "config.json").write_text(text, encoding="utf-8")
    return DockerCredentials({"DOCKER_CONFIG": str(folder), "PATH": ""})


@pytest.mark.parametrize(
    ("config", "registry", "expected"),
    [
        ({"auths": {"ghcr.io": {"auth": AUTH}}}, "ghcr.io", ME),
        ({"auths": {"ghcr.io": {"auth": AUTH}}}, "quay.io", None),
        ({"auths": {"127.0.0.1:5000": {"auth": AUTH}}}, "127.0.0.1:5000", ME),
        ({"auths": {"127.0.0.1:5000": {"auth": AUTH}}}, "127.0.0.1:5001", None),
        ({"auths": {"https://index.docker.io/v1/": {"auth": AUTH}}}, "docker.io", ME),
        ({"auths": {"https://ghcr.io/v2/": {"auth": AUTH}}}, "ghcr.io", ME),
        ({"auths": {"ghcr.io": {"identitytoken": "t"}}}, "ghcr.io", Credential(identity_token="t")),
        ({"auths": {"ghcr.io": {}}}, "ghcr.io", None),
        ({"auths": {"ghcr.io": {"auth": ""}}}, "ghcr.io", None),
        ({"auths": None}, "ghcr.io", None),
        ({"credHelpers": {"ghcr.io": "absent"}}, "quay.io", None),
        ({"HttpHeaders": {"User-Agent": "x"}, "currentContext": "x"}, "ghcr.io", None),
        ({}, "ghcr.io", None),
    ],
)
async def test_a_credential_is_what_docker_login_left(
    config: dict[str, Any], registry: str, expected: Credential | None, tmp_path: Path
) -> None:
    assert await configured(tmp_path, config).of(registry) == expected


async def test_without_a_configuration_there_are_no_credentials(tmp_path: Path) -> None:
    assert await DockerCredentials({"HOME": str(tmp_path)}).of("ghcr.io") is None


async def test_the_configuration_is_looked_for_in_the_home_folder(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    configured(tmp_path / ".docker", {"auths": {"ghcr.io": {"auth": AUTH}}})

    assert await DockerCredentials({"HOME": str(tmp_path)}).of("ghcr.io") == ME


@pytest.mark.parametrize(
    "config",
    [
        "",
        "{",
        "[]",
        "null",
        '{"auths": []}x',
        {"auths": "x"},
        {"auths": {"ghcr.io": "x"}},
        {"auths": {"ghcr.io": {"auth": "?"}}},
        {"auths": {"ghcr.io": {"auth": base64.b64encode(b"no colon").decode()}}},
        {"auths": {"ghcr.io": {"auth": 7}}},
        {"auths": {"ghcr.io": {"auth": "ü"}}},
        {"credHelpers": ["ghcr.io"]},
        {"credsStore": {"a": "b"}},
    ],
)
async def test_a_broken_configuration_is_an_error_and_never_no_credentials(config: Any, tmp_path: Path) -> None:
    credentials = configured(tmp_path, config)

    with pytest.raises(InputError, match=str(tmp_path / "config.json")):
        await credentials.of("ghcr.io")


async def test_a_configuration_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()

    with pytest.raises(InputError, match="configuration cannot be read"):
        await DockerCredentials({"DOCKER_CONFIG": str(tmp_path)}).of("ghcr.io")


@pytest.mark.parametrize("config", [{"credsStore": "absent"}, {"credHelpers": {"ghcr.io": "absent"}}])
async def test_a_helper_that_is_not_installed_is_named(config: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`docker-credential-absent`, which is not installed"):
        await configured(tmp_path, config).of("ghcr.io")


async def test_no_secret_shows_in_an_error_or_in_a_credential(tmp_path: Path) -> None:
    secret = base64.b64encode(b"hunter2hunter2").decode()

    with pytest.raises(InputError) as raised:
        await configured(tmp_path, {"auths": {"ghcr.io": {"auth": secret}}}).of("ghcr.io")

    assert "hunter2" not in f"{raised.value} {Credential('me', 'hunter2', 'hunter2')}"
    assert secret not in str(raised.value)
