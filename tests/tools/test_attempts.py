"""Attempts that are made up; what the executor makes of them is tested with it."""

import asyncio
from collections.abc import Sequence

import pytest

from orchestrator.errors import ExitCode, LocalOutputError
from orchestrator.model.outcomes import Again
from orchestrator.model.solve import Progress
from orchestrator.tools.attempts import Attempts, Patience
from orchestrator.tools.buildx import Solved

DONE = Solved(ExitCode.DONE, "", Progress(), ())
LOST = Solved(ExitCode.UNAVAILABLE, "connection refused", Progress(), ())
FAILED = Solved(ExitCode.BUILD_FAILED, "exit code: 7", Progress(), ())
CRASHED = Solved(ExitCode.BUILD_FAILED, "exit code: 139", Progress(), (), is_crash=True)


class Run:
    """One build that goes as the test says."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.told: list[Again] = []
        self.numbers: list[int] = []
        self.attempts = Attempts(Patience(sleep=self.sleep, repeats=3))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def __call__(self, ends: Sequence[Solved], *, is_emulated: bool = False, seconds: float = 60) -> Solved:
        async def solve(number: int) -> Solved:
            self.numbers.append(number)
            return ends[number - 1]

        until = asyncio.get_running_loop().time() + seconds
        return await self.attempts.run(solve, is_emulated=is_emulated, until=until, tell=self.told.append)


@pytest.fixture
def run() -> Run:
    return Run()


@pytest.mark.parametrize(
    ("ends", "is_emulated", "code", "message", "attempts"),
    [
        ([DONE], False, ExitCode.DONE, "", 1),
        ([LOST, DONE], False, ExitCode.DONE, "", 2),
        ([LOST, LOST, DONE], False, ExitCode.DONE, "", 3),
        ([LOST, LOST, LOST], False, ExitCode.UNAVAILABLE, "connection refused (tried 3 times)", 3),
        ([FAILED], True, ExitCode.BUILD_FAILED, "exit code: 7", 1),
        ([LOST, FAILED], False, ExitCode.BUILD_FAILED, "exit code: 7 (tried 2 times)", 2),
        ([CRASHED], False, ExitCode.BUILD_FAILED, "exit code: 139", 1),
        ([CRASHED, DONE], True, ExitCode.DONE, "", 2),
        (
            [CRASHED, CRASHED],
            True,
            ExitCode.BUILD_FAILED,
            "exit code: 139 (tried 2 times, emulated, and emulators crash: a builder of this arch may not)",
            2,
        ),
    ],
)
async def test_what_comes_of_a_build(
    run: Run, ends: list[Solved], *, is_emulated: bool, code: ExitCode, message: str, attempts: int
) -> None:
    solved = await run(ends, is_emulated=is_emulated)

    assert (solved.code, solved.message, solved.attempts) == (code, message, attempts)
    assert run.numbers == list(range(1, attempts + 1))


async def test_waits_grow_and_are_told(run: Run) -> None:
    await run([LOST, LOST, DONE])

    first, second = run.slept
    assert (5 <= first <= 6.25, 30 <= second <= 37.5) == (True, True)
    assert run.told == [
        Again(2, round(first, 1), "connection refused"),
        Again(3, round(second, 1), "connection refused"),
    ]


async def test_no_attempt_begins_after_the_end_of_a_builds_time(run: Run) -> None:
    solved = await run([LOST, LOST], seconds=20)

    assert (solved.attempts, len(run.slept)) == (2, 1)


@pytest.mark.parametrize(
    ("first", "code", "message"),
    [
        (LOST, ExitCode.UNAVAILABLE, "no end after 3 h; before that: connection refused (tried 2 times)"),
        (CRASHED, ExitCode.BUILD_FAILED, "no end after 3 h (tried 2 times)"),
    ],
)
async def test_a_build_whose_time_was_over_after_its_builder_was_lost_may_go_better(
    first: Solved, code: ExitCode, message: str
) -> None:
    until = asyncio.get_running_loop().time() + 0.1

    async def solve(number: int) -> Solved:
        if number == 1:
            return first
        await asyncio.sleep(0.15)
        return Solved(ExitCode.BUILD_FAILED, "no end after 3 h", Progress(), ())

    attempts = Attempts(Patience(wait_seconds=(0.01,)))
    solved = await attempts.run(solve, is_emulated=True, until=until, tell=lambda again: None)

    assert (solved.code, solved.message) == (code, message)


async def test_all_builds_of_a_run_share_its_repeats(run: Run) -> None:
    attempts = [(await run([LOST, LOST, LOST])).attempts for _ in range(3)]

    assert attempts == [3, 2, 1]


async def test_an_error_of_the_machine_is_not_tried_again(run: Run) -> None:
    async def solve(number: int) -> Solved:
        run.numbers.append(number)
        raise LocalOutputError("out: no space left")

    with pytest.raises(LocalOutputError):
        await run.attempts.run(solve, is_emulated=False, until=float("inf"), tell=run.told.append)
    assert (run.numbers, run.told) == ([1], [])
