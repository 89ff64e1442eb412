import asyncio

import pytest

from orchestrator.errors import ExitCode
from orchestrator.tools.watchdog import Limits, OverdueError, watched


def limits(*, idle: float = 60, total: float = 60) -> Limits:
    return Limits(idle, total, asyncio.get_running_loop().time() + total)


async def test_work_within_its_limits_is_left_alone() -> None:
    async with watched(limits(idle=0.1, total=5)) as alive:
        for _ in range(3):
            await asyncio.sleep(0.05)
            alive()


async def work(limits: Limits, *, beats: int, cleaned: list[str]) -> None:
    """Give so many signs of life, one each 10 ms, then be silent."""
    async with watched(limits) as alive:
        try:
            for _ in range(beats):
                await asyncio.sleep(0.01)
                alive()
            await asyncio.sleep(60)
        finally:
            cleaned.append("up")


@pytest.mark.parametrize(
    ("idle", "total", "beats", "code", "said"),
    [
        (0.05, 60, 0, ExitCode.UNAVAILABLE, "no sign of life from the builder for 0.05 s"),
        (0.05, 60, 10, ExitCode.UNAVAILABLE, "no sign of life from the builder for 0.05 s"),
        (60, 0.05, 0, ExitCode.BUILD_FAILED, "no end after 0.05 s"),
        (60, 0.05, 1_000, ExitCode.BUILD_FAILED, "no end after 0.05 s"),
    ],
)
async def test_silence_may_pass_but_lateness_is_the_works_own(
    idle: float, total: float, beats: int, code: ExitCode, said: str
) -> None:
    cleaned: list[str] = []

    with pytest.raises(OverdueError) as raised:
        await work(limits(idle=idle, total=total), beats=beats, cleaned=cleaned)

    assert (raised.value.code, str(raised.value).partition(";")[0], cleaned) == (code, said, ["up"])


async def test_a_timeout_of_something_else_is_not_ours() -> None:
    with pytest.raises(TimeoutError, match="the disk"):
        async with watched(limits()):
            raise TimeoutError("the disk")


async def test_being_cancelled_is_not_being_late() -> None:
    cleaned: list[str] = []
    task = asyncio.create_task(work(limits(), beats=0, cleaned=cleaned))
    await asyncio.sleep(0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == ["up"]
