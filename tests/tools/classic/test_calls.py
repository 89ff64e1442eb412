"""Blocking calls end when nobody waits for them, and say what their failures mean."""

import asyncio
import socket
import threading
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import urllib3
from docker.errors import DockerException, StreamParseError

from orchestrator.errors import ExitCode, LocalOutputError
from orchestrator.tools.classic.calls import Call, EngineFailedError, called
from tests.fake_engine import FakeEngine, refusal


async def test_a_call_gives_its_result_and_tells_the_loop_on_the_way() -> None:
    engine = FakeEngine()
    heard: list[tuple[str, bool]] = []
    here = threading.get_ident()

    def work(call: Call) -> str:
        call.tell(lambda news: heard.append((news, threading.get_ident() == here)), "one")
        return f"done {threading.get_ident() == here}"

    assert await called(engine.connect, work) == "done False"
    assert heard == [("one", True)]
    assert engine.calls == ["close"]
    assert engine.timeout > 24 * 60 * 60


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (refusal(400, "dockerfile parse error on line 2"), ExitCode.BUILD_FAILED, "dockerfile parse error on line 2"),
        (refusal(500, "out of luck"), ExitCode.UNAVAILABLE, "out of luck"),
        (refusal(500, "no space left on device"), ExitCode.LOCAL_OUTPUT, "no space left on device"),
        (requests.ConnectionError("x"), ExitCode.UNAVAILABLE, "the engine was lost: x"),
        (
            ConnectionRefusedError(111, "Connection refused"),
            ExitCode.UNAVAILABLE,
            "the engine was lost: Connection ref",
        ),
        (DockerException("no such host"), ExitCode.UNAVAILABLE, "the engine was lost: no such host"),
        (urllib3.exceptions.ProtocolError("a", OSError()), ExitCode.UNAVAILABLE, "lost: the connection broke"),
        (StreamParseError("x"), ExitCode.UNAVAILABLE, "lost: the connection broke"),
    ],
)
async def test_a_failure_of_the_engine_says_whether_it_may_pass(error: Exception, code: ExitCode, message: str) -> None:
    def work(call: Call) -> None:
        raise error

    with pytest.raises(EngineFailedError, match=message) as failed:
        await called(FakeEngine().connect, work)
    assert failed.value.code is code


async def test_what_is_no_failure_of_the_engine_is_raised_as_it_is() -> None:
    def work(call: Call) -> None:
        call.tell(hear)

    def hear() -> None:
        raise LocalOutputError("the log is full")

    with pytest.raises(LocalOutputError, match="the log is full"):
        await called(FakeEngine().connect, work)


class Slow:
    """An answer of an engine that says nothing more, over a real pair of sockets."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.stream = self.ours.makefile("rb")
        self.raw = SimpleNamespace(closed=False, _fp=SimpleNamespace(fp=self.stream))
        self.reading = threading.Event()
        self.ended = threading.Event()
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True

    def read(self, call: Call) -> None:
        hooks: Any = call.client.api.hooks["response"]
        for hook in hooks:
            hook(self)
        self.reading.set()
        self.stream.read(1)
        self.ended.set()

    def end(self) -> None:
        self.stream.close()
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def slow() -> Any:
    answer = Slow()
    yield answer
    answer.end()


async def test_cancelling_cuts_the_connection_under_the_thread_that_reads(slow: Slow) -> None:
    task = asyncio.create_task(called(FakeEngine().connect, slow.read))
    await asyncio.to_thread(slow.reading.wait, 10)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert slow.ended.is_set()
    assert slow.theirs.recv(1) == b""


async def test_an_answer_that_comes_too_late_is_closed(slow: Slow) -> None:
    started, cut = threading.Event(), threading.Event()

    def work(call: Call) -> None:
        started.set()
        cut.wait(10)
        slow.read(call)

    task = asyncio.create_task(called(FakeEngine().connect, work))
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    cut.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (slow.is_closed, slow.reading.is_set()) == (True, False)


async def test_who_tells_nobody_is_ended() -> None:
    started, cut, heard = threading.Event(), threading.Event(), list[str]()

    def work(call: Call) -> None:
        started.set()
        cut.wait(10)
        call.tell(heard.append, "too late")

    task = asyncio.create_task(called(FakeEngine().connect, work))
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    cut.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert heard == []
