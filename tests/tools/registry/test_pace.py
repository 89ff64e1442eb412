"""Tests of how fast a host is asked, on a clock that only moves when somebody waits."""

import asyncio
import contextlib
from dataclasses import dataclass

import pytest

from orchestrator.tools.registry.pace import Pace
from orchestrator.tools.registry.retry import Policy, TransientError


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def asked(pace: Pace, clock: Clock, *statuses: int, wait: float | None = None) -> list[float]:
    """When each request went out that got these answers."""
    times = []
    for status in statuses:
        async with pace.turn():
            times.append(clock.now - 100)
            pace.note(status, wait=wait)
    return times


@pytest.mark.parametrize(
    ("statuses", "wait", "expected"),
    [
        ((200, 200, 404), None, [0, 0, 0]),
        ((503, 503), 9, [0, 0]),
        ((429, 200, 200), None, [0, 1, 2]),
        ((429, 200, 200), 20, [0, 20, 21]),
        ((429, 200), 9999, [0, 60]),
        ((429, 200, 200, 200, 200), None, [0, 1, 2, 2.75, 3.3125]),
        ((429, 200, 429, 200), None, [0, 1, 2, 3]),
    ],
)
async def test_after_too_many_requests_there_is_a_pause_that_shrinks_with_each_success(
    statuses: tuple[int, ...], wait: float | None, expected: list[float]
) -> None:
    clock = Clock()
    pace = Pace(Policy(clock=clock, sleep=clock.sleep))

    assert await asked(pace, clock, *statuses, wait=wait) == expected


async def test_a_pause_is_over_when_it_has_become_short() -> None:
    clock = Clock()
    pace = Pace(Policy(clock=clock, sleep=clock.sleep))

    times = await asked(pace, clock, 429, *(200 for _ in range(20)))

    assert times[-1] == times[-2]


async def test_no_more_are_asked_at_once_than_the_policy_says() -> None:
    pace = Pace(Policy(concurrency=2))
    at_once: list[int] = []
    inside = 0

    async def ask() -> None:
        nonlocal inside
        async with pace.turn():
            inside += 1
            at_once.append(inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(ask() for _ in range(10)))

    assert max(at_once) == 2


async def test_a_host_is_known_once_it_has_answered() -> None:
    pace = Pace(Policy())
    before = pace.has_answered

    pace.note(500, wait=None)

    assert (before, pace.has_answered) == (False, True)


async def test_a_host_that_has_long_been_failing_is_left_alone_for_a_while() -> None:
    clock = Clock()
    pace = Pace(Policy(attempts=3, failing_seconds=60, clock=clock, sleep=clock.sleep))
    outcomes = []

    for seconds in (0, 20, 40, 20, 30, 20, 60):
        clock.now += seconds
        try:
            async with pace.turn():
                outcomes.append("asked")
                pace.broke()
        except TransientError as error:
            outcomes.append(error.reason)

    alone = "it has given no good answer for 60 s and is left alone for 60 s"
    assert outcomes == ["asked", "asked", "asked", alone, alone, "asked", "asked"]


@pytest.mark.parametrize(
    ("statuses", "is_left_alone"),
    [((503, 502, 504), True), ((429, 429, 429), True), ((503, 200, 503), False), ((500, 500, 500), False)],
)
async def test_only_a_host_that_gives_no_good_answer_is_failing(statuses: tuple[int, ...], is_left_alone: bool) -> None:
    clock = Clock()
    pace = Pace(Policy(attempts=3, failing_seconds=60, clock=clock, sleep=clock.sleep))
    for status in statuses:
        clock.now += 31
        pace.note(status, wait=None)

    with pytest.raises(TransientError) if is_left_alone else contextlib.nullcontext():
        async with pace.turn():
            pass
