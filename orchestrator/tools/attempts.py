"""Tries a build again where that may help: after which waits, and how often in one run."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from tenacity import AsyncRetrying, RetryCallState, retry_if_result, wait_chain, wait_fixed, wait_random

from orchestrator.errors import ExitCode
from orchestrator.model import failures
from orchestrator.model.outcomes import Again
from orchestrator.tools.buildx import Solved

_JITTER = 0.25
"""How much longer a wait may be, so that builds which failed together do not come back together."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Every number that decides how patient a run is with its builds."""

    idle_seconds: float = 20 * 60
    """Of silence of the builder."""
    total_seconds: float = 3 * 60 * 60
    """For one build, all its attempts together."""
    wait_seconds: tuple[float, ...] = (5.0, 30.0)
    """Before the second attempt, the third, and so on."""
    repeats: int = 20
    """In one run, for all builds together: a builder that is gone for good is not waited for by each of them."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Attempts:
    """Counts the repeats of one run."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._left = patience.repeats

    async def run(
        self,
        solve: Callable[[int], Awaitable[Solved]],
        *,
        is_emulated: bool,
        until: float,
        tell: Callable[[Again], None],
    ) -> Solved:
        """What the last attempt came to, its `attempts` counted; no attempt begins after `until` (the loop's clock)."""
        clock = asyncio.get_running_loop().time
        count = 0
        lost = ""

        async def call() -> Solved:
            nonlocal count
            count += 1
            return await solve(count)

        def allowed(solved: Solved) -> int:
            return failures.attempts(solved.code, is_crash=solved.is_crash, is_emulated=is_emulated)

        def stop(state: RetryCallState) -> bool:
            return count >= allowed(_result(state)) or not self._left or clock() + state.upcoming_sleep >= until

        def before_sleep(state: RetryCallState) -> None:
            nonlocal lost
            self._left -= 1
            solved = _result(state)
            lost = solved.message if solved.code is ExitCode.UNAVAILABLE else ""
            tell(Again(count + 1, round(state.upcoming_sleep, 1), solved.message))

        retrying = AsyncRetrying(
            sleep=self._patience.sleep,
            wait=wait_chain(
                *(wait_fixed(each) + wait_random(0, _JITTER * each) for each in self._patience.wait_seconds)
            ),
            retry=retry_if_result(lambda solved: allowed(solved) > 1),
            stop=stop,
            before_sleep=before_sleep,
            retry_error_callback=_result,
        )
        solved: Solved = await retrying(call)
        if solved.code is ExitCode.DONE:
            return replace(solved, attempts=count)
        if lost and clock() >= until:
            solved = _short_of_time(solved, lost)
        message = failures.explained(solved.message, attempts=count, is_crash=solved.is_crash, is_emulated=is_emulated)
        return replace(solved, message=message, attempts=count)


def _short_of_time(solved: Solved, lost: str) -> Solved:
    """A build whose time was over after its builder had been lost: nobody knows whether it needs more than it has."""
    return replace(solved, code=ExitCode.UNAVAILABLE, message=f"{solved.message}; before that: {lost}")


def _result(state: RetryCallState) -> Solved:
    if state.outcome is None:
        raise RuntimeError("an attempt is judged after it has ended")
    solved: Solved = state.outcome.result()
    return solved
