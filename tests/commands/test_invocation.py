import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from orchestrator.commands.invocation import run


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Signals as the test runner has them."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_verb_gets_what_its_work_returns() -> None:
    async def work() -> int:
        return 7

    assert run(work()) == 7


def test_a_result_is_never_spelled_out_however_large_it_is() -> None:
    """As asyncio's own handler of SIGINT has Python do when it is taken away again: seconds for a plan of thousands."""

    class Large:
        def __repr__(self) -> str:
            raise AssertionError("spelled out")

    async def work() -> Large:
        return Large()

    assert isinstance(run(work()), Large)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_cancels_the_work_so_that_it_can_clean_up(number: signal.Signals) -> None:
    cleaned: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.sleep(10)
        finally:
            cleaned.append("up")

    with pytest.raises(asyncio.CancelledError):
        run(work())
    assert cleaned == ["up"]


def test_what_nohup_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    async def work() -> str:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.01)
        return "done"

    assert run(work()) == "done"
