"""Clients of engines on hosts that are reached by ssh.

Each connection is an `ssh` of its own, with all of the user's settings for that host. Of the SDK's own two ways, one
takes a further library and knows few of these settings, the other loses the processes that it starts.
"""

import threading
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import Any

from docker import DockerClient
from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.response import HTTPResponse

from orchestrator.errors import ProgramMissingError
from orchestrator.model.refusals import Refusal
from orchestrator.model.ssh_hosts import CONNECT_SECONDS, SshHost, refusal
from orchestrator.tools.process import Peer

ANSWER_SECONDS = CONNECT_SECONDS + 10
"""How long the first answer may take: ssh gives up before."""

_KEPT_CONNECTIONS = 10
# The SDK makes an adapter for a socket, which ours replaces before anything is asked.
_NO_SOCKET, _PREFIX = "unix:///ssh", "http+docker://"


class SshFailedError(ConnectionError):
    """There is no connection to the engine, and this is why; the SDK takes it for any other that is lost."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def client(host: SshHost, *, dial: Callable[[], Peer], api_version: str, timeout_seconds: int) -> DockerClient:
    """A client of the engine on a host, which dials it when it is asked something.

    Closing it ends what it started, also under a thread that waits for an answer.
    """
    made = DockerClient(base_url=_NO_SOCKET, version=api_version, timeout=timeout_seconds)
    made.api.mount(_PREFIX, _Adapter(host, dial))
    return made


def refusal_in(error: BaseException | None) -> Refusal | None:
    """Why ssh led nowhere, where that is what an error of the SDK came from."""
    return next((cause.refusal for cause in causes(error) if isinstance(cause, SshFailedError)), None)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it came from, and so on; the SDK and the libraries below it wrap three times over."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class _Adapter(HTTPAdapter):
    """Connections of one client."""

    def __init__(self, host: SshHost, dial: Callable[[], Peer]) -> None:
        super().__init__()
        self._dial = dial
        self._lock = threading.Lock()
        self._peers: list[Peer] = []
        self._is_closed = False
        self._pool = _Pool("localhost", maxsize=_KEPT_CONNECTIONS, connected=self._connected, engine_host=host)

    def get_connection_with_tls_context(self, *_: object, **__: object) -> HTTPConnectionPool:
        return self._pool

    def request_url(self, request: PreparedRequest, proxies: object) -> str:  # noqa: ARG002 - requests gives it by name
        return request.path_url

    def close(self) -> None:
        # Connections close by themselves as soon as an answer says that it is the last one, so their end comes here.
        with self._lock:
            self._is_closed = True
            peers, self._peers = self._peers, []
        for peer in peers:
            peer.end()
        self._pool.close()
        super().close()

    def _connected(self) -> Peer:
        with self._lock:
            if self._is_closed:
                raise ConnectionError("the client is closed")
            peer = self._dial()
            self._peers.append(peer)
        return peer


class _Connection(HTTPConnection):
    def __init__(self, *given: Any, connected: Callable[[], Peer], engine_host: SshHost, **more: Any) -> None:
        super().__init__(*given, **more)
        self._connected = connected
        self._engine_host = engine_host
        self._peer: Peer | None = None

    def connect(self) -> None:
        try:
            self._peer = self._connected()
        except ProgramMissingError as error:
            raise SshFailedError(Refusal(str(error), "install OpenSSH's client", ProgramMissingError)) from error
        self.sock = self._peer.socket
        self.sock.settimeout(self.timeout)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3's, which stands in for http.client's
        try:
            return super().getresponse()
        except (HTTPException, ConnectionError) as error:
            ended = self._peer.ended() if self._peer else None
            if ended is None:
                raise
            told = refusal(self._engine_host, returncode=ended.returncode, stderr=ended.stderr)
            raise SshFailedError(told) from error


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection
