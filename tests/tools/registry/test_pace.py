"""Tests of how fast a host is asked, on a clock that only moves when somebody waits."""

import asyncio
from dataclasses import dataclass

import pytest

from orchestrator.tools.registry.pace import Pace
from orchestrator.tools.registry.retry import Policy


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
        ((429, 200, 200, 200, 200, 200, 200, 200), None, [0, 1, 2, 2.5, 2.75, 2.875, 2.9375, 2.9375]),
        ((429, 200, 429, 200), None, [0, 1, 2, 3]),
    ],
)
async def test_after_too_many_requests_there_is_a_pause_that_shrinks_with_each_success(
    statuses: tuple[int, ...], wait: float | None, expected: list[float]
) -> None:
    clock = Clock()
    pace = Pace(Policy(clock=clock, sleep=clock.sleep))

    assert await asked(pace, clock, *statuses, wait=wait) == expected


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
