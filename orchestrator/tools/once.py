"""Questions that are asked once, however many want to know."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Once(Generic[K, T]):
    """Remembers answers, also that a question failed, and lets those who ask at the same time wait for the same."""

    def __init__(self, ask: Callable[[K], Awaitable[T]]) -> None:
        self._ask = ask
        self._answers: dict[K, asyncio.Future[T]] = {}

    async def __call__(self, key: K) -> T:
        if key not in self._answers:
            self._answers[key] = asyncio.ensure_future(self._ask(key))
        return await self._answers[key]
