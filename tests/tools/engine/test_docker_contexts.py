import hashlib
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.tools.engine.certificates import Certificates
from orchestrator.tools.engine.docker_contexts import DockerContext, current, named
from tests.docker_contexts import HOST, add_context


@pytest.mark.parametrize(
    ("config", "environment", "expected"),
    [
        ('{"currentContext": "farm"}', {}, "farm"),
        ('{"currentContext": "farm"}', {"DOCKER_CONTEXT": "other"}, "other"),
        ('{"currentContext": ""}', {}, "default"),
        ('{"currentContext": 1}', {}, "default"),
        ("{}", {}, "default"),
        ("[]", {}, "default"),
        ("not JSON", {}, "default"),
        (None, {}, "default"),
    ],
)
def test_the_current_context(tmp_path: Path, config: str | None, environment: dict[str, str], expected: str) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config)

    assert current({**environment, "DOCKER_CONFIG": str(tmp_path)}) == expected


def test_a_context_is_found_where_there_is_no_config_json(tmp_path: Path) -> None:
    add_context(tmp_path, "farm")

    assert named("farm", {"DOCKER_CONFIG": str(tmp_path)}) == DockerContext("farm", HOST)


def test_the_certificates_of_a_context_are_used(tmp_path: Path) -> None:
    add_context(tmp_path, "farm", certificates=("ca.pem", "cert.pem", "key.pem"))

    found = named("farm", {"DOCKER_CONFIG": str(tmp_path)})

    kept = tmp_path / "contexts" / "tls" / hashlib.sha256(b"farm").hexdigest() / "docker"
    assert found == DockerContext("farm", HOST, Certificates(kept))


def test_a_context_that_does_not_exist_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no Docker context 'gone'; `docker context ls` lists them"):
        named("gone", {"DOCKER_CONFIG": str(tmp_path)})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Endpoints": {"docker": {}}}', '{"Endpoints": {"docker": []}}'])
def test_a_context_that_cannot_be_read_is_told_with_its_file(tmp_path: Path, text: str) -> None:
    file = add_context(tmp_path, "farm")
    file.write_text(text)

    with pytest.raises(InputError, match=r"meta\.json: not a Docker context: .*; make 'farm' anew"):
        named("farm", {"DOCKER_CONFIG": str(tmp_path)})
