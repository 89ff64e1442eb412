"""Tests of the retry policy, on a clock that only moves when somebody waits."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from orchestrator.errors import ContractBrokenError, InputError, joined
from orchestrator.tools.registry.retry import (
    Cause,
    Policy,
    RegistryUnavailableError,
    TransientError,
    attempts,
    repeat,
)


@dataclass
class Clock:
    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@dataclass
class Registry:
    """Fails as told, then answers."""

    failures: Sequence[Exception]
    asked: int = 0

    async def ask(self) -> str:
        self.asked += 1
        if self.asked <= len(self.failures):
            raise self.failures[self.asked - 1]
        return "answer"


def policy(clock: Clock, **changes: float) -> Policy:
    return Policy(clock=clock, sleep=clock.sleep, **changes)  # type: ignore[arg-type]  # numbers of either kind


BUSY = TransientError("503", status=503)
UNREACHABLE = TransientError("cannot reach r: its name is not known", cause=Cause.UNREACHABLE)
WRONG = TransientError("expected content of sha256:1, got 9 bytes", cause=Cause.WRONG_CONTENT)


@pytest.mark.parametrize(("seconds", "level"), [(1.0, "debug"), (30.0, "info")])
async def test_an_answer_that_does_not_come_for_long_is_told_to_people(seconds: float, level: str) -> None:
    clock, registry = Clock(), Registry([BUSY])

    async def ask() -> str:
        clock.now += seconds
        return await registry.ask()

    with capture_logs() as logs:
        await repeat(ask, what="reading", policy=policy(clock, first_seconds=0.1))

    assert [(line["event"], line["what"], line["log_level"]) for line in logs] == [("trying again", "reading", level)]


async def test_what_fails_for_a_while_is_asked_again_until_it_answers() -> None:
    clock, registry = Clock(), Registry([BUSY] * 7)

    answer = await repeat(registry.ask, what="reading", policy=policy(clock))

    assert (answer, registry.asked, len(clock.waits)) == ("answer", 8, 7)


async def test_waits_are_random_within_a_bound_that_doubles() -> None:
    bounds = [1, 2, 4, 8, 16, 30, 30]
    runs = []
    for _ in range(20):
        clock = Clock()
        await repeat(Registry([BUSY] * 7).ask, what="reading", policy=policy(clock))
        runs.append(clock.waits)

    assert all(0 <= wait <= bound for waits in runs for wait, bound in zip(waits, bounds, strict=True))
    assert len({tuple(waits) for waits in runs}) == len(runs)


async def test_the_wait_that_a_registry_asks_for_is_kept() -> None:
    clock = Clock()

    await repeat(Registry([TransientError("429", status=429, wait=17)]).ask, what="reading", policy=policy(clock))

    assert clock.waits == [17]


@pytest.mark.parametrize(
    ("failures", "asked", "kind", "message"),
    [
        ([BUSY] * 9, 8, RegistryUnavailableError, "x: tried 8 times without success, last: 503; running again is safe"),
        (
            [UNREACHABLE] * 9,
            3,
            RegistryUnavailableError,
            "x: cannot reach r: its name is not known (tried 3 times); check its name and the network",
        ),
        (
            [TransientError("429", status=429, wait=61)],
            1,
            RegistryUnavailableError,
            "x: tried once without success, last: 429; it asks to wait 61 s; run again after that",
        ),
        (
            [WRONG] * 9,
            3,
            ContractBrokenError,
            "x: expected content of sha256:1, got 9 bytes, 3 times; "
            "the registry's copy is damaged or something on the way changes it",
        ),
        (
            [TransientError("400 (MANIFEST_BLOB_UNKNOWN)", cause=Cause.PARTS_UNSEEN, status=400)] * 9,
            4,
            InputError,
            "x: the registry does not accept it, 4 times: 400 (MANIFEST_BLOB_UNKNOWN)",
        ),
        ([InputError("no")], 1, InputError, "no"),
    ],
)
async def test_it_is_given_up_with_the_reason(
    failures: list[Exception], asked: int, kind: type[Exception], message: str
) -> None:
    registry = Registry(failures)

    with pytest.raises(kind) as raised:
        await repeat(registry.ask, what="x", policy=policy(Clock()))

    assert (str(raised.value), registry.asked) == (message, asked)


async def test_a_name_that_is_not_known_is_told_within_two_seconds() -> None:
    clock = Clock()

    with pytest.raises(RegistryUnavailableError):
        await repeat(Registry([UNREACHABLE] * 9).ask, what="x", policy=policy(clock))

    assert clock.now <= 2


async def test_all_attempts_together_have_a_limit_of_time() -> None:
    clock = Clock()
    registry = Registry([TransientError("429", wait=50)] * 9)

    with pytest.raises(RegistryUnavailableError, match="tried 3 times"):
        await repeat(registry.ask, what="x", policy=policy(clock, total_seconds=100))

    assert clock.now == 100


@pytest.mark.parametrize(("failure", "status"), [(BUSY, 503), (TransientError("broken"), None)])
async def test_the_last_status_is_kept_for_those_who_know_better(failure: TransientError, status: int | None) -> None:
    with pytest.raises(RegistryUnavailableError) as raised:
        await repeat(Registry([failure] * 9).ask, what="x", policy=policy(Clock()))

    assert raised.value.status == status


async def test_several_unavailable_registries_are_one_error() -> None:
    both = joined([RegistryUnavailableError("a", status=503), RegistryUnavailableError("b")])

    assert (type(both), both.problems) == (RegistryUnavailableError, ("a", "b"))


async def test_work_that_cannot_be_a_call_is_repeated_as_well() -> None:
    registry, answers = Registry([BUSY, BUSY]), []

    async for attempt in attempts(what="x", policy=policy(Clock())):
        with attempt:
            answers.append(await registry.ask())

    assert (answers, registry.asked) == (["answer"], 3)


async def test_work_that_cannot_be_a_call_is_given_up_as_well() -> None:
    async def work() -> None:
        async for attempt in attempts(what="x", policy=policy(Clock())):
            with attempt:
                raise BUSY

    with pytest.raises(RegistryUnavailableError, match="x: tried 8 times"):
        await work()
