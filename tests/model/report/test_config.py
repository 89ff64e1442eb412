"""Tests of what is read of an image's configuration."""

import datetime as dt
import json
from typing import Any

import pytest

from orchestrator.model.report.config import Settings, Step, Told


def told(**keys: Any) -> Told:
    return Told.parse(json.dumps(keys).encode())


def test_a_whole_configuration_is_read() -> None:
    found = told(
        created="2026-01-31T12:00:00Z",
        docker_version="18.06.1-ce",
        config={
            "Env": ["PATH=/bin", "A=b=c", "EMPTY"],
            "Cmd": ["python3"],
            "Entrypoint": "run",
            "Shell": ["powershell"],
            "User": "me",
            "WorkingDir": "/home",
            "StopSignal": "SIGINT",
            "Labels": {"a": "b"},
            "ExposedPorts": {"80/tcp": {}},
        },
        history=[{"created": "2026-01-31T13:00:00.987654321+01:00", "created_by": "x", "empty_layer": True}, {}],
    )

    noon = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    settings = Settings(
        docker_version="18.06.1-ce",
        entrypoint=("run",),
        command=("python3",),
        shell=("powershell",),
        user="me",
        working_dir="/home",
        stop_signal="SIGINT",
        environment={"PATH": "/bin", "A": "b=c", "EMPTY": ""},
        labels={"a": "b"},
    )
    steps = (Step(noon.replace(microsecond=987654), "x", is_empty=True), Step(None, "", is_empty=False))
    assert found == Told(settings, steps, noon)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"config": None, "history": None, "created": None, "docker_version": None},
        {"config": {"Env": None, "Cmd": None, "Entrypoint": None, "Labels": None, "User": None}, "created": ""},
    ],
)
def test_what_is_null_is_not_there(keys: dict[str, Any]) -> None:
    assert told(**keys) == Told(Settings(), ())


def test_no_list_of_words_is_not_an_empty_one() -> None:
    assert told(config={"Cmd": []}).settings.command == ()


def test_what_would_steer_a_terminal_is_replaced() -> None:
    found = told(docker_version="a\nb", history=[{"created_by": "\x1b[2Ja\n\tb\u202e"}])

    assert (found.settings.docker_version, found.steps[0].created_by) == ("a\ufffdb", "\ufffd[2Ja\n\tb\ufffd")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "^not JSON: EOF"),
        (b"[]", "^expected a mapping, got a list$"),
        (b"[" * 100_000, "^not JSON: recursion limit"),
        (b'{"history": 3}', "^/history: expected a list, got 3$"),
        (b'{"created": "yesterday"}', "/created: .*yesterday"),
        (b'{"created": 7}', "/created: .*expected a time as text"),
        (b'{"created": "0001-01-01T00:00:00+05:00"}', "/created: .*out of range"),
        (b'{"config": {"Cmd": [1]}}', "/config/Cmd/0: expected text in quotes, got 1"),
    ],
)
def test_a_malformed_configuration_is_refused_with_its_place(content: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Told.parse(content)
