"""The one retry policy for registries: what is tried again, after which wait, and when it is given up."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from tenacity import AsyncRetrying, AttemptManager, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_random_exponential

from orchestrator.errors import ContractBrokenError, InputError, UnavailableError
from orchestrator.tools.logs import log

T = TypeVar("T")

_NOTABLE_WAIT_SECONDS = 2.0
_NOTABLE_SECONDS = 10.0
"""How long something may take, its waits included, before people are told that it does."""


class Cause(Enum):
    """Why something may go better next time."""

    BUSY = "busy"
    """The registry answered that it cannot now, or the connection broke on the way."""
    UNREACHABLE = "unreachable"
    """There was never an answer: no such name, refused, or no route."""
    WRONG_CONTENT = "wrong content"
    """The answer was not the content that was asked for."""
    PARTS_UNSEEN = "parts unseen"
    """The registry says that it lacks what it was given a moment ago."""
    LEFT_ALONE = "left alone"
    """It was not asked at all, since it has been failing for so long."""


class TransientError(Exception):
    """An attempt failed in a way that may go away by itself."""

    def __init__(
        self, reason: str, *, cause: Cause = Cause.BUSY, status: int | None = None, wait: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause
        self.status = status
        """What the registry answered; None where no answer came, so that a write may or may not have been done."""
        self.wait = wait
        """Seconds that the registry asks us to wait."""


class RegistryUnavailableError(UnavailableError):
    """A registry kept failing; `status` is its last answer, None where there was none."""

    def __init__(self, *problems: str, status: int | None = None) -> None:
        super().__init__(*problems)
        self.status = status


@dataclass(frozen=True, slots=True)
class Policy:
    """Every number that decides how patient we are, and the clock it is measured by.

    Waits double from `first_seconds` to `longest_seconds`, each a random part of that, so that many jobs that failed
    together do not come back together.
    """

    attempts: int = 8
    first_seconds: float = 1.0
    longest_seconds: float = 30.0
    total_seconds: float = 900.0
    unreachable_attempts: int = 3
    unreachable_seconds: float = 0.5
    wrong_content_attempts: int = 3
    parts_unseen_attempts: int = 4
    longest_retry_after_seconds: float = 60.0
    connect_seconds: float = 10.0
    answer_seconds: float = 30.0
    """How long an answer, or the next part of one, may take."""
    slowest_bytes_per_second: float = 32_768.0
    """What a body's size adds to `answer_seconds`."""
    throttled_seconds: float = 1.0
    """The least time between requests to a registry that has just answered 429."""
    failing_seconds: float = 60.0
    """A host that has not given one good answer for so long, in `attempts` at least, is left alone as long again."""
    concurrency: int = 16
    """Requests at once to one host."""
    visible_after_seconds: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 4.0)
    """The waits before each look for what was just written; done again after each repeated write."""
    repeated_writes: int = 3
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def seconds_for(self, size: int) -> float:
        """How long a body of `size` bytes may take to travel."""
        return self.answer_seconds + size / self.slowest_bytes_per_second

    def limit(self, cause: Cause) -> int:
        return {
            Cause.BUSY: self.attempts,
            Cause.UNREACHABLE: self.unreachable_attempts,
            Cause.WRONG_CONTENT: self.wrong_content_attempts,
            Cause.PARTS_UNSEEN: self.parts_unseen_attempts,
            Cause.LEFT_ALONE: 1,
        }[cause]


async def repeat(operation: Callable[[], Awaitable[T]], *, what: str, policy: Policy) -> T:
    """Call `operation` until it does not raise TransientError, or the policy says that it is enough.

    Raises RegistryUnavailableError that says how often `what` was tried and how it ended last, ContractBrokenError
    where the registry kept giving wrong content, InputError where it kept saying that it lacks parts of a manifest.
    """

    # tenacity awaits only what it can see to be a coroutine function; a lambda that returns one is none.
    async def call() -> T:
        return await operation()

    retrying = _retrying(what, policy)
    with _final(what, retrying):
        return await retrying(call)


async def attempts(*, what: str, policy: Policy) -> AsyncIterator[AttemptManager]:
    """The same for work that cannot be a call, such as a loop that yields: `async for attempt ..: with attempt: ..`."""
    retrying = _retrying(what, policy)
    with _final(what, retrying):
        async for attempt in retrying:
            yield attempt


def _retrying(what: str, policy: Policy) -> AsyncRetrying:
    began = policy.clock()
    backoff = wait_random_exponential(multiplier=policy.first_seconds, max=policy.longest_seconds)

    def wait(state: RetryCallState) -> float:
        error = _error(state)
        if error.wait is not None:
            return error.wait
        return policy.unreachable_seconds if error.cause is Cause.UNREACHABLE else float(backoff(state))

    def stop(state: RetryCallState) -> bool:
        error = _error(state)
        too_long = (error.wait or 0) > policy.longest_retry_after_seconds
        return (
            too_long
            or state.attempt_number >= policy.limit(error.cause)
            or policy.clock() - began >= policy.total_seconds
        )

    def tell(state: RetryCallState) -> None:
        seconds = round(state.next_action.sleep, 1) if state.next_action else 0
        # Short waits are part of every day; a long one, and an answer that never comes, must not look like a hang.
        is_long = seconds >= _NOTABLE_WAIT_SECONDS or policy.clock() - began >= _NOTABLE_SECONDS
        say = log.info if is_long else log.debug
        say("trying again", what=what, reason=_error(state).reason, seconds=seconds)

    return AsyncRetrying(
        sleep=policy.sleep,
        wait=wait,
        stop=stop,
        retry=retry_if_exception_type(TransientError),
        before_sleep=tell,
        reraise=True,
    )


def _error(state: RetryCallState) -> TransientError:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, TransientError) else TransientError("")


@contextlib.contextmanager
def _final(what: str, retrying: AsyncRetrying) -> Iterator[None]:
    try:
        yield
    except TransientError as error:
        tried = retrying.statistics.get("attempt_number", 1)
        times = "once" if tried == 1 else f"{tried} times"
        if error.cause is Cause.PARTS_UNSEEN:
            raise InputError(f"{what}: the registry does not accept it, {times}: {error.reason}") from error
        if error.cause is Cause.WRONG_CONTENT:
            raise ContractBrokenError(
                f"{what}: {error.reason}, {times}; the registry's copy is damaged or something on the way changes it"
            ) from error
        raise RegistryUnavailableError(
            f"{what}: {_outcome(error, times=times)}; {_remedy(error)}", status=error.status
        ) from error


def _outcome(error: TransientError, *, times: str) -> str:
    if error.cause is Cause.UNREACHABLE:
        return f"{error.reason} (tried {times})"
    return f"tried {times} without success, last: {error.reason}"


def _remedy(error: TransientError) -> str:
    if error.wait is not None:
        return f"it asks to wait {error.wait:.0f} s; run again after that"
    if error.cause is Cause.UNREACHABLE:
        return "check its name and the network"
    return "running again is safe"
