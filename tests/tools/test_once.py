"""Tests of questions that are asked once."""

import asyncio

import pytest

from orchestrator.errors import UnavailableError
from orchestrator.tools.once import Once


async def test_equal_questions_are_asked_once_whenever_they_come() -> None:
    asked: list[str] = []

    async def ask(key: str) -> str:
        asked.append(key)
        await asyncio.sleep(0)
        return key.upper()

    once = Once(ask)

    answers = [*await asyncio.gather(once("a"), once("b"), once("a")), await once("a")]

    assert (answers, asked) == (["A", "B", "A", "A"], ["a", "b"])


async def test_a_question_that_failed_is_not_asked_again() -> None:
    asked: list[str] = []

    async def ask(key: str) -> str:
        asked.append(key)
        raise UnavailableError(key)

    once = Once(ask)

    for _ in range(2):
        with pytest.raises(UnavailableError):
            await once("a")
    assert asked == ["a"]
