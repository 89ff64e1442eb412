"""Keeps the memory of failing builds in the registry, where all agents of an arch find it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt, wait_random

from orchestrator.errors import ContractBrokenError, OrchestratorError, TagMovedError
from orchestrator.model.oci import digest_of
from orchestrator.model.queue.failing_builds import FailingBuild, Run, after
from orchestrator.model.queue.state import EMPTY, artifact, memory_of
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.tools.logs import log
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.retry import RegistryUnavailableError

_ROUNDS = 8
# Longer than a writer takes from its reading to its writing, and not the same for two.
_SHORTEST_PAUSE_SECONDS = 0.4
_LONGEST_PAUSE_SECONDS = 1.6

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Found:
    """What stands under a tag."""

    memory: dict[str, FailingBuild]
    seen: str | None
    """Its digest, empty for nothing; None for something that cannot be read, so that it has to be written again."""


async def read(place: Reference, registry: Registry) -> dict[str, FailingBuild]:
    """The memory of an arch; empty where there is none, or none that can be read as ours, which is said.

    Raises UnavailableError and NotAuthorisedError: what cannot be asked is not taken for empty.
    """
    return (await _found(place, registry)).memory


async def record(run: Run, repositories: Repositories, registry: Registry, *, sleep: Sleep = asyncio.sleep) -> None:
    """Remember what failed in a run and forget what did not; asks once for each arch with news, writes what changed.

    Never fails: what cannot be remembered is said, and costs a try that comes too early.
    """
    arches = dict.fromkeys(outcome.arch for outcome in run.outcomes)
    runs = {arch: replace(run, outcomes=[each for each in run.outcomes if each.arch == arch]) for arch in arches}
    await asyncio.gather(
        *(
            _record(of_arch, repositories.queue_state(arch), registry, sleep=sleep)
            for arch, of_arch in runs.items()
            if of_arch.has_news
        )
    )


async def _record(run: Run, place: Reference, registry: Registry, *, sleep: Sleep) -> None:
    """Write until there is nothing left to write: no registry can compare and swap, so a writer looks again."""

    def give_up(_: RetryCallState) -> None:
        log.warning("queue: other runs keep writing, some failures may be forgotten", place=str(place))

    retrying = AsyncRetrying(
        sleep=sleep,
        stop=stop_after_attempt(_ROUNDS),
        wait=wait_random(_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS),
        retry=retry_if_result(lambda is_written: is_written),
        retry_error_callback=give_up,
    )
    try:
        await retrying(_written, run, place, registry)
    except OrchestratorError as error:
        log.warning("queue: failures cannot be remembered", place=str(place), problem=str(error))


async def _written(run: Run, place: Reference, registry: Registry) -> bool:
    """Bring the memory to what it should be after a run; False when it was so already."""
    found = await _found(place, registry)
    wanted = after(found.memory, run)
    if wanted == found.memory and found.seen is not None:
        return False
    await registry.put_blob(place.repository, digest_of(EMPTY), len(EMPTY), EMPTY)
    try:
        await registry.put_document(place, artifact(wanted), instead_of=found.seen)
    except TagMovedError:
        log.debug("queue: another run wrote at the same time", place=str(place))
    return True


async def _found(place: Reference, registry: Registry) -> _Found:
    """What stands under the tag now.

    A registry that was killed while it wrote a tag answers 500 for it ever after, until somebody writes it again; a
    queue that waited for that to end would wait for ever.
    """
    try:
        document = await registry.document(place)
        return _Found(memory_of(document), document.digest) if document else _Found({}, "")
    except (ContractBrokenError, ValueError) as error:
        problem = str(error)
    except RegistryUnavailableError as error:
        if error.status != HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        problem = str(error)
    log.warning("queue: what failed before cannot be read, taken for nothing", place=str(place), problem=problem)
    return _Found({}, None)
