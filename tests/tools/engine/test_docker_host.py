"""Where Docker is: the user's choice, and how an engine is named to others."""

import hashlib
import json
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.tools.engine.docker_host import Endpoint, Engine, Silence, chosen

HOST = "tcp://192.0.2.1:2376"


@pytest.fixture
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a user's Docker client; the Docker SDK looks for it by itself."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def add_context(folder: Path, name: str) -> None:
    """A context as `docker context create` keeps it."""
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    endpoints = {"docker": {"Host": HOST, "SkipTLSVerify": False}}
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": endpoints}))


def test_the_environment_comes_before_a_context(docker_config: Path) -> None:
    environment = {"DOCKER_HOST": "unix:///here.sock", "DOCKER_CONTEXT": "farm"}

    assert chosen(environment) == Endpoint("unix:///here.sock", named_by="DOCKER_HOST")


def test_a_context_of_the_environment_comes_before_the_current_one(docker_config: Path) -> None:
    (docker_config / "config.json").write_text('{"currentContext": "other"}')
    add_context(docker_config, "farm")

    found = chosen({"DOCKER_CONTEXT": "farm"})

    assert found == Endpoint(HOST, named_by="the Docker context 'farm'", context="farm")


def test_the_current_context_is_the_users_choice(docker_config: Path) -> None:
    (docker_config / "config.json").write_text('{"currentContext": "farm"}')
    add_context(docker_config, "farm")

    assert chosen({}) == Endpoint(HOST, named_by="the Docker context 'farm'", context="farm")


@pytest.mark.parametrize("environment", [{}, {"DOCKER_HOST": ""}, {"DOCKER_CONTEXT": "default"}])
def test_without_a_choice_there_is_none(docker_config: Path, environment: dict[str, str]) -> None:
    assert chosen(environment) is None


def test_a_context_that_does_not_exist_is_an_error_of_the_user(docker_config: Path) -> None:
    with pytest.raises(InputError, match="there is no Docker context 'gone'; `docker context ls` lists them"):
        chosen({"DOCKER_CONTEXT": "gone"})


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        (Engine(HOST, private=False, version="26.1", platforms=()), {"DOCKER_HOST": HOST}),
        (Engine(HOST, private=False, version="26.1", platforms=(), context="farm"), {"DOCKER_CONTEXT": "farm"}),
    ],
)
def test_programs_are_told_the_context_where_there_is_one(engine: Engine, expected: dict[str, str]) -> None:
    assert engine.environment == expected


@pytest.mark.parametrize(
    ("silence", "expected"),
    [
        (
            Silence(Endpoint(HOST, named_by="DOCKER_HOST"), "Connection refused"),
            f"Docker at {HOST} (from DOCKER_HOST) does not answer: Connection refused",
        ),
        (
            Silence(Endpoint("unix:///s"), "No such file or directory"),
            "Docker at unix:///s does not answer: No such file or directory",
        ),
    ],
)
def test_silence_says_who_chose_the_place_and_why_it_is_silent(silence: Silence, expected: str) -> None:
    assert str(silence) == expected
