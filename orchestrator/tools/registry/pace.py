"""How fast one host is asked: so many requests at once, and slower after it said that they are too many."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from orchestrator.tools.registry.retry import Policy

_TOO_MANY_REQUESTS = 429
_SHORTEST_PAUSE = 1 / 16


class Pace:
    """One host's share of our attention."""

    def __init__(self, policy: Policy) -> None:
        self.has_answered = False
        """Whether there was ever an answer; a host that falls silent later is restarting rather than wrongly named."""
        self._policy = policy
        self._slots = asyncio.Semaphore(policy.concurrency)
        self._next = 0.0
        self._pause = 0.0

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn to ask; whoever waits keeps a place, so that after a pause they do not all come at once."""
        async with self._slots:
            while (seconds := self._next - self._policy.clock()) > 0:
                await self._policy.sleep(seconds)
            self._next = self._policy.clock() + self._pause
            yield

    def note(self, status: int, *, wait: float | None) -> None:
        """Learn from an answer, and from the seconds that it asks to wait; each success halves the pause."""
        self.has_answered = True
        longest = self._policy.throttled_seconds
        if status == _TOO_MANY_REQUESTS:
            asked = min(wait or 0.0, self._policy.longest_retry_after_seconds)
            self._pause = longest
            self._next = max(self._next, self._policy.clock() + max(longest, asked))
        else:
            self._pause = self._pause / 2 if self._pause > longest * _SHORTEST_PAUSE else 0.0
