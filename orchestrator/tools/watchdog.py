"""Ends work that gives no sign of life, or no end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from orchestrator.errors import ExitCode
from orchestrator.model.durations import spelled


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a build may be silent, and how long it may take."""

    idle_seconds: float
    total_seconds: float
    until: float
    """When `total_seconds` are over, by the event loop's clock."""


class OverdueError(Exception):
    """Work that was ended, why, and what that means for its build."""

    def __init__(self, reason: str, code: ExitCode) -> None:
        super().__init__(reason)
        self.code = code


@contextlib.asynccontextmanager
async def watched(limits: Limits) -> AsyncIterator[Callable[[], None]]:
    """Cancel the block when one of its limits is over; gives the function that the block calls at each sign of life.

    Raises OverdueError once the block has cleaned up: silence may be a lost builder and counts as transient.
    """
    clock = asyncio.get_running_loop().time

    def end() -> float:
        return min(clock() + limits.idle_seconds, limits.until)

    timeout = asyncio.timeout_at(end())
    try:
        async with timeout:
            yield lambda: timeout.reschedule(end())
    except TimeoutError as error:
        if not timeout.expired():
            raise
        raise _overdue(limits, ended=timeout.when()) from error


def _overdue(limits: Limits, *, ended: float | None) -> OverdueError:
    if ended == limits.until:
        return OverdueError(
            f"no end after {spelled(limits.total_seconds)}; if it needs longer, allow that by --timeout",
            ExitCode.BUILD_FAILED,
        )
    return OverdueError(
        f"no sign of life from the builder for {spelled(limits.idle_seconds)}; it hangs or is lost, or a step "
        "needs longer without a word: allow that by --idle-timeout",
        ExitCode.UNAVAILABLE,
    )
