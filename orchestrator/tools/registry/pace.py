"""How fast one host is asked: so many requests at once, slower after it said that they are too many, or not at all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from orchestrator.tools.registry.retry import Cause, Policy, TransientError

_TOO_MANY_REQUESTS = 429
# A gateway answers these for a host that does not. A 500 may be about a single damaged thing.
_FAILURES = frozenset({_TOO_MANY_REQUESTS, 502, 503, 504})
_SHORTEST_PAUSE = 1 / 16
_EASING = 3 / 4
"""How a pause shrinks with each success; by less, and a registry that allows few a second must refuse us too often."""


class Pace:
    """One host's share of our attention."""

    def __init__(self, policy: Policy) -> None:
        self.has_answered = False
        """Whether there was ever an answer; a host that falls silent later is restarting rather than wrongly named."""
        self._policy = policy
        self._slots = asyncio.Semaphore(policy.concurrency)
        self._next = 0.0
        self._pause = 0.0
        self._failures = 0
        self._failing_since = 0.0
        self._failed_last = 0.0

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn to ask; whoever waits keeps a place, so that after a pause they do not all come at once.

        Raises TransientError where the host has been failing for so long that asking would only make us wait.
        """
        async with self._slots:
            self._refuse_what_is_hopeless()
            while (seconds := self._next - self._policy.clock()) > 0:
                await self._policy.sleep(seconds)
            self._next = self._policy.clock() + self._pause
            yield

    def note(self, status: int, *, wait: float | None) -> None:
        """Learn from an answer, and from the seconds that it asks to wait; each success shortens the pause."""
        self.has_answered = True
        if status in _FAILURES:
            self.broke()
        else:
            self._failures = 0
        longest = self._policy.throttled_seconds
        if status == _TOO_MANY_REQUESTS:
            asked = min(wait or 0.0, self._policy.longest_retry_after_seconds)
            self._pause = longest
            self._next = max(self._next, self._policy.clock() + max(longest, asked))
        else:
            self._pause = self._pause * _EASING if self._pause > longest * _SHORTEST_PAUSE else 0.0

    def broke(self) -> None:
        """Learn that there was no answer, or none that is of use."""
        self._failed_last = self._policy.clock()
        if not self._failures:
            self._failing_since = self._failed_last
        self._failures += 1

    def _refuse_what_is_hopeless(self) -> None:
        failing = self._failed_last - self._failing_since
        rested = self._policy.clock() - self._failed_last
        limit = self._policy.failing_seconds
        if self._failures >= self._policy.attempts and failing >= limit and rested < limit:
            raise TransientError(
                f"it has given no good answer for {failing:.0f} s and is left alone for {limit:.0f} s",
                cause=Cause.LEFT_ALONE,
            )
