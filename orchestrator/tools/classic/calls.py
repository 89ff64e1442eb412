"""Calls of the Docker SDK, which block, made so that they end as soon as nobody waits for them."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException, StreamParseError
from docker.types import CancellableStream

from orchestrator.errors import ExitCode
from orchestrator.model.failures import cause
from orchestrator.tools.engine.docker_host import reason
from orchestrator.tools.logs import log
from orchestrator.tools.smoke import Connect

_GRACE_SECONDS = 10
_NO_LIMIT_SECONDS = 7 * 24 * 60 * 60
# What the SDK and the libraries below it raise where an engine refuses or is lost.
_FAILURES = (DockerException, StreamParseError, urllib3.exceptions.HTTPError, OSError)
_BROKEN = (StreamParseError, urllib3.exceptions.ProtocolError, requests.exceptions.ChunkedEncodingError)

_T = TypeVar("_T")


class EngineFailedError(Exception):
    """An engine refused a call or was lost over it, and what that means for the build."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


class Call:
    """A client of an engine in a thread of its own; its connection may be cut from outside."""

    def __init__(self, client: docker.DockerClient, cut: "_Cut", loop: asyncio.AbstractEventLoop) -> None:
        self.client = client
        self._cut = cut
        self._loop = loop
        client.api.hooks["response"].append(cut.answered)
        # How long an engine may be silent is decided by who waits for the call.
        client.api.timeout = _NO_LIMIT_SECONDS

    def tell(self, hear: Callable[..., object], *news: object) -> None:
        """Call a function in the event loop and raise what it raises; ends the thread where nobody waits for it."""
        self._cut.check()

        async def heard() -> None:
            hear(*news)

        asyncio.run_coroutine_threadsafe(heard(), self._loop).result()


async def called(connect: Connect, work: Callable[[Call], _T]) -> _T:
    """Do blocking work with a client of an engine; raises EngineFailedError where the engine fails it.

    Cancelling cuts the connection, by which an engine ends a build, and waits a little for the thread to see it.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[_T] = loop.create_future()
    cut = _Cut()

    def run() -> None:
        try:
            with contextlib.closing(connect()) as client:
                result = work(Call(client, cut, loop))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where the thread is waited for
            _settle(loop, ended, ended.set_exception, error)
        else:
            _settle(loop, ended, ended.set_result, result)

    # A daemon: an engine that takes a connection and never says a word must not keep the program from ending.
    threading.Thread(target=run, daemon=True).start()
    try:
        return await asyncio.shield(ended)
    except asyncio.CancelledError:
        cut.now()
        await asyncio.wait([ended], timeout=_GRACE_SECONDS)
        if not ended.done():
            log.warning("the engine does not let go of a call; it is left to itself")
        elif not ended.cancelled():
            ended.exception()  # looked at, so that Python does not complain
        raise
    except _FAILURES as error:
        raise _failure(error) from error


def _settle(
    loop: asyncio.AbstractEventLoop, ended: "asyncio.Future[_T]", settle: Callable[[Any], None], outcome: object
) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(lambda: None if ended.done() else settle(outcome))


class _CutError(Exception):
    """Ends the thread of a call that nobody waits for."""


class _Cut:
    """The end of a call: it may come before the engine has answered, and while its answer is read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._response: requests.Response | None = None
        self._is_cut = False

    def check(self) -> None:
        if self._is_cut:
            raise _CutError

    def now(self) -> None:
        with self._lock:
            self._is_cut = True
            response = self._response
        if response is not None:
            _close(response)

    def answered(self, response: requests.Response, **_: object) -> None:
        with self._lock:
            self._response = response
        if self._is_cut:
            response.close()
            raise _CutError


def _close(response: requests.Response) -> None:
    """Close the connection of a response under the thread that reads from it."""
    with contextlib.suppress(OSError, AttributeError):  # the answer has ended by itself meanwhile
        CancellableStream(iter(()), response).close()


def _failure(error: BaseException) -> EngineFailedError:
    if isinstance(error, _BROKEN):
        return EngineFailedError("the engine was lost: the connection broke", ExitCode.UNAVAILABLE)
    if not isinstance(error, APIError):
        return EngineFailedError(f"the engine was lost: {reason(error)}", ExitCode.UNAVAILABLE)
    said = str(error.explanation or error)
    code = cause(said)
    # What an engine is to blame for, and does not explain, may go better another time.
    is_unexplained = code is ExitCode.BUILD_FAILED and error.is_server_error()
    return EngineFailedError(said, ExitCode.UNAVAILABLE if is_unexplained else code)
