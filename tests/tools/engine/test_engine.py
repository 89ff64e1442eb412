"""Which engine is built on, by what was found and what is left of ours."""

import errno
import os
from pathlib import Path

import pytest

from orchestrator.errors import NotAuthorisedError, OrchestratorError, ProgramMissingError, UnavailableError
from orchestrator.tools.engine import usable
from orchestrator.tools.engine.docker_host import Endpoint, Engine, Silence
from orchestrator.tools.engine.private import Remains, Settings

DEFAULT = Settings(Path("/state/engine"))
OWN_SOCKET = Settings(Path("/state/engine"), Path("/state/docker.sock"))
ABSENT, REFUSED, DENIED = (os.strerror(number) for number in (errno.ENOENT, errno.ECONNREFUSED, errno.EACCES))


def engine(host: str, *, private: bool = False) -> Engine:
    return Engine(host, private=private, version="26.1.5", platforms=("linux/amd64",))


def silence(host: str, reason: str, *, named_by: str = "") -> Silence:
    return Silence(Endpoint(host, named_by=named_by), reason)


@pytest.mark.parametrize("remains", Remains)
@pytest.mark.parametrize(
    ("found", "settings"),
    [
        (engine(DEFAULT.host, private=True), DEFAULT),
        (engine(OWN_SOCKET.host, private=True), OWN_SOCKET),
        (engine("tcp://192.0.2.1:2376"), DEFAULT),
    ],
)
def test_ours_and_what_the_user_chose_are_used(found: Engine, settings: Settings, remains: Remains) -> None:
    assert usable(found, settings=settings, remains=remains) == found


def test_a_docker_at_the_default_socket_is_used_as_it_is() -> None:
    found = engine(DEFAULT.host)

    assert usable(found, settings=DEFAULT, remains=Remains.NOTHING) == found


@pytest.mark.parametrize(
    ("found", "remains"),
    [
        (silence(DEFAULT.host, ABSENT), Remains.NOTHING),
        (silence(DEFAULT.host, REFUSED), Remains.DATA),
        (silence(DEFAULT.host, REFUSED, named_by="DOCKER_HOST"), Remains.DATA),
        (silence(DEFAULT.host, "timed out"), Remains.LISTENING),
        (engine(DEFAULT.host), Remains.LISTENING),
    ],
)
def test_ours_is_started_where_nobody_listens_but_what_is_left_of_it(found: Engine | Silence, remains: Remains) -> None:
    assert usable(found, settings=DEFAULT, remains=remains) is None


@pytest.mark.parametrize(
    ("found", "settings", "error", "message"),
    [
        (
            silence("tcp://192.0.2.1:2376", REFUSED, named_by="DOCKER_HOST"),
            DEFAULT,
            UnavailableError,
            "start it, or clear DOCKER_HOST",
        ),
        (
            Silence(Endpoint("ssh://farm", "DOCKER_HOST"), "not let in", "log in once", NotAuthorisedError),
            DEFAULT,
            NotAuthorisedError,
            "not let in; log in once, or clear DOCKER_HOST",
        ),
        (silence(DEFAULT.host, DENIED), DEFAULT, ProgramMissingError, "join the group `docker`"),
        (silence(DEFAULT.host, "timed out"), DEFAULT, UnavailableError, "end what listens there"),
        (engine(OWN_SOCKET.host), OWN_SOCKET, UnavailableError, "another Docker listens there"),
    ],
)
def test_somebody_elses_place_is_never_taken(
    found: Engine | Silence, settings: Settings, error: type[OrchestratorError], message: str
) -> None:
    with pytest.raises(error, match=message):
        usable(found, settings=settings, remains=Remains.NOTHING)
