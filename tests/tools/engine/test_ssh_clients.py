"""Clients of engines that are reached by ssh, with programs that only play ssh."""

import socket
import threading
from collections.abc import Callable

import pytest
import requests

from orchestrator.errors import ProgramMissingError, UnavailableError
from orchestrator.model.refusals import Refusal
from orchestrator.model.ssh_hosts import SshHost
from orchestrator.tools.engine.ssh_clients import client, refusal_in
from orchestrator.tools.process import Finished, Peer

HOST = SshHost("farm")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


class FakePeer(Peer):
    """Answers each request with the same bytes; hangs up at once where there are none."""

    def __init__(self, answer: bytes, *, finished: Finished | None = None) -> None:
        self.socket, self._theirs = socket.socketpair()
        self.has_ended = False
        self._answer = answer
        self._finished = finished
        self._thread = threading.Thread(target=self._talk)
        self._thread.start()

    def ended(self) -> Finished | None:
        return self._finished

    def end(self) -> None:
        self.socket.close()
        self._thread.join()
        self.has_ended = True

    def _talk(self) -> None:
        with self._theirs:
            while self._answer and self._theirs.recv(65_536):
                self._theirs.sendall(self._answer)


def dialling(*peers: FakePeer) -> Callable[[], Peer]:
    waiting = iter(peers)
    return lambda: next(waiting)


def test_one_connection_carries_one_question_after_the_other_and_ends_with_the_client() -> None:
    peer = FakePeer(OK)
    made = client(HOST, dial=dialling(peer), api_version="1.45", timeout_seconds=5)

    answers = (made.ping(), made.ping(), peer.has_ended)
    made.close()

    assert (answers, peer.has_ended) == ((True, True, False), True)


def test_a_client_that_is_closed_dials_no_more() -> None:
    made = client(HOST, dial=dialling(), api_version="1.45", timeout_seconds=5)
    made.close()

    with pytest.raises(requests.ConnectionError, match="is closed"):
        made.ping()


def test_what_ssh_said_is_why_there_is_no_answer() -> None:
    said = "ssh: connect to host farm port 22: Connection refused"
    peer = FakePeer(b"", finished=Finished(HOST.dial, 255, "", f"{said}\n"))
    made = client(HOST, dial=dialling(peer), api_version="1.45", timeout_seconds=5)

    with pytest.raises(requests.ConnectionError) as raised:
        made.ping()
    made.close()

    assert refusal_in(raised.value) == Refusal(said, "see that `ssh -- farm` gets there", UnavailableError)


def test_a_connection_that_breaks_under_an_ssh_that_lives_on_is_told_as_it_is() -> None:
    made = client(HOST, dial=dialling(FakePeer(b"")), api_version="1.45", timeout_seconds=5)

    with pytest.raises(requests.ConnectionError, match="Connection aborted") as raised:
        made.ping()
    made.close()

    assert refusal_in(raised.value) is None


def test_ssh_must_be_there() -> None:
    def dial() -> Peer:
        raise ProgramMissingError("`ssh` is not on this machine")

    made = client(HOST, dial=dial, api_version="1.45", timeout_seconds=5)

    with pytest.raises(requests.ConnectionError) as raised:
        made.ping()
    made.close()

    assert refusal_in(raised.value) == Refusal(
        "`ssh` is not on this machine", "install OpenSSH's client", ProgramMissingError
    )
