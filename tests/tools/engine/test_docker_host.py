"""Where Docker is: the user's choice, and how an engine is named to others."""

from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.model.platforms import Platform
from orchestrator.tools.engine.certificates import Certificates
from orchestrator.tools.engine.docker_host import (
    Endpoint,
    Engine,
    Silence,
    answered,
    chosen,
    client,
    look_at,
    of_context,
    own_arches,
)
from tests.docker_contexts import HOST, add_context

FARM = Endpoint(HOST, named_by="the Docker context 'farm'", context="farm")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"DOCKER_HOST": "unix:///s", "DOCKER_CONTEXT": "farm"}, Endpoint("unix:///s", named_by="DOCKER_HOST")),
        ({"DOCKER_CONTEXT": "farm"}, FARM),
        ({"DOCKER_CONTEXT": "default"}, None),
        ({"DOCKER_HOST": ""}, None),
        ({}, None),
    ],
)
def test_the_environment_comes_before_a_context(
    tmp_path: Path, environment: dict[str, str], expected: Endpoint | None
) -> None:
    add_context(tmp_path, "farm")

    assert chosen({**environment, "DOCKER_CONFIG": str(tmp_path)}) == expected


def test_the_current_context_is_the_users_choice(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"currentContext": "farm"}')
    add_context(tmp_path, "farm")

    assert chosen({"DOCKER_CONFIG": str(tmp_path)}) == FARM


def test_a_context_that_does_not_exist_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no Docker context 'gone'; `docker context ls` lists them"):
        of_context("gone", {"DOCKER_CONFIG": str(tmp_path)})


async def test_an_address_that_is_none_is_an_error_of_the_user_and_not_repeated() -> None:
    endpoint = Endpoint("ssh://me:secret@farm", named_by="DOCKER_HOST")

    with pytest.raises(InputError) as raised:
        await look_at(endpoint, environment={})

    assert raised.value.problems == (
        "DOCKER_HOST: expected an address like ssh://builder@windows-2025:22, without a password; keys are kept by ssh",
    )


def test_what_answers_without_saying_its_version_is_no_engine() -> None:
    assert answered(FARM, {"Os": "windows", "Arch": "amd64"}) == Silence(
        FARM, "what listens there does not tell its ApiVersion, Version", "see what it is"
    )


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux/amd64", ("amd64", "i386")),
        ("linux/arm", ("arm32v7", "arm32v6", "arm32v5")),
        ("linux/arm64", ("arm64v8",)),
        ("windows/amd64", ("windows-amd64",)),
        ("plan9/amd64", ()),
    ],
)
def test_what_a_machine_runs_by_itself(platform: str, expected: tuple[str, ...]) -> None:
    assert own_arches(Platform.parse(platform)) == expected


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        (Engine(HOST, private=False, version="26.1", platforms=()), {"DOCKER_HOST": HOST}),
        (
            Engine(HOST, private=False, version="26.1", platforms=(), context="farm"),
            {"DOCKER_CONTEXT": "farm", "DOCKER_HOST": ""},
        ),
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


@pytest.mark.parametrize(
    ("reason", "named_by", "expected"),
    [
        ("Connection refused", "", "start one by `orchestrator engine up`, or set DOCKER_HOST"),
        ("Connection refused", "DOCKER_HOST", "start it, or clear DOCKER_HOST"),
        ("Permission denied", "", "become root or join the group `docker`"),
        ("Permission denied", "DOCKER_HOST", "become root or join the group `docker`, or clear DOCKER_HOST"),
    ],
)
def test_silence_says_what_can_be_done(reason: str, named_by: str, expected: str) -> None:
    assert Silence(Endpoint(HOST, named_by=named_by), reason).ways_out == expected


@pytest.mark.parametrize(
    ("variables", "is_verified"),
    [
        ({"DOCKER_CERT_PATH": "keys", "DOCKER_TLS_VERIFY": "1"}, True),
        ({"DOCKER_CERT_PATH": "keys"}, False),
        ({"DOCKER_CONFIG": "keys", "DOCKER_TLS_VERIFY": "1"}, True),
    ],
)
def test_the_environment_may_name_certificates(tmp_path: Path, variables: dict[str, str], *, is_verified: bool) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (keys / name).touch()
    environment = {name: value.replace("keys", str(keys)) for name, value in variables.items()}
    engine = Engine("tcp://192.0.2.1:2376", private=False, version="26.1", platforms=())

    api = client(engine, environment=environment).api

    assert (api.base_url, api.cert) == ("https://192.0.2.1:2376", (str(keys / "cert.pem"), str(keys / "key.pem")))
    assert api.verify == (str(keys / "ca.pem") if is_verified else False)


def test_certificates_that_are_named_for_an_engine_count_before_those_of_the_environment(tmp_path: Path) -> None:
    keys = tmp_path / "farm"
    keys.mkdir()
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (keys / name).touch()
    environment = {"DOCKER_CERT_PATH": str(tmp_path / "mine"), "DOCKER_TLS_VERIFY": "1"}
    engine = Engine(
        "tcp://192.0.2.1:2376", private=False, version="26.1", platforms=(), certificates=Certificates(keys)
    )

    api = client(engine, environment=environment).api

    assert (api.cert, api.verify) == ((str(keys / "cert.pem"), str(keys / "key.pem")), str(keys / "ca.pem"))


@pytest.mark.parametrize("variables", [{}, {"DOCKER_CERT_PATH": "", "DOCKER_TLS_VERIFY": ""}])
def test_without_certificates_there_is_no_tls(variables: dict[str, str]) -> None:
    engine = Engine("tcp://192.0.2.1:2375", private=False, version="26.1", platforms=())

    assert client(engine, environment=variables).api.base_url == "http://192.0.2.1:2375"
