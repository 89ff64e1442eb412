import asyncio
import os
import signal
import threading
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from orchestrator.commands.interruption import Interruption

LONG_SECONDS = 30.0
PATIENCE_SECONDS = 10.0


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def run(interruption: Interruption, work: Coroutine[Any, Any, None]) -> None:
    async def interruptible() -> None:
        interruption.of_this_task()
        await work

    with interruption.listening():
        asyncio.run(interruptible())


def test_the_first_signal_cancels_the_work_and_lets_it_clean_up() -> None:
    steps: list[str] = []

    async def work() -> None:
        try:
            interrupt()
            await asyncio.sleep(LONG_SECONDS)
        finally:
            await asyncio.sleep(0.05)
            steps.append("cleaned up")

    with pytest.raises(asyncio.CancelledError):
        run(Interruption(leave=lambda: steps.append("left")), work())

    assert steps == ["cleaned up"]


def test_the_second_signal_cancels_the_cleaning_up_of_every_task() -> None:
    steps: list[str] = []

    async def build(name: str) -> None:
        try:
            await asyncio.sleep(LONG_SECONDS)
        finally:
            try:
                interrupt()
                await asyncio.sleep(LONG_SECONDS)
            finally:
                steps.append(f"{name} killed")

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(build("one"))
            await asyncio.sleep(0)
            interrupt()

    start = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        run(Interruption(killing_seconds=LONG_SECONDS, leave=lambda: steps.append("left")), work())

    assert (steps, time.monotonic() - start < PATIENCE_SECONDS) == (["one killed"], True)


def test_each_step_comes_by_itself_when_the_one_before_has_had_its_time() -> None:
    steps: list[str] = []
    is_left = threading.Event()

    async def work() -> None:
        interrupt()
        for step in ("cancelled", "cancelled again"):
            try:
                await asyncio.sleep(LONG_SECONDS)
            except asyncio.CancelledError:
                steps.append(step)
        await asyncio.to_thread(is_left.wait, PATIENCE_SECONDS)

    run(Interruption(cleaning_seconds=0.05, killing_seconds=0.05, leave=is_left.set), work())

    assert (steps, is_left.is_set()) == (["cancelled", "cancelled again"], True)


def test_signals_are_as_before_when_the_work_is_done() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    async def work() -> None:
        await asyncio.sleep(0)

    run(Interruption(), work())

    assert {number: signal.getsignal(number) for number in before} == before


def test_before_the_work_begins_a_signal_ends_the_run_as_always() -> None:
    with pytest.raises(KeyboardInterrupt), Interruption().listening():
        interrupt()


def test_outside_the_main_thread_no_signal_is_taken() -> None:
    done: list[bool] = []

    async def work() -> None:
        await asyncio.sleep(0)
        done.append(True)

    thread = threading.Thread(target=run, args=(Interruption(), work()))
    thread.start()
    thread.join()

    assert done == [True]
