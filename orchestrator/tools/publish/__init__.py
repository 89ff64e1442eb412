"""Points public tags at what is staged, so that several jobs at once, and killed ones, converge."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace

from orchestrator.errors import ExitCode, OrchestratorError
from orchestrator.model.publishing.journal import Journal
from orchestrator.model.publishing.moves import Move, Moved, Rules, decided, held, in_waves
from orchestrator.model.publishing.publication import Publication
from orchestrator.model.publishing.run import PublishRun
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.publish import journals
from orchestrator.tools.publish.contents import Contents, is_whole
from orchestrator.tools.publish.live import live
from orchestrator.tools.registry import Registry

MAX_ROUNDS = 8

_LONGEST_PAUSE_SECONDS = 8.0
_CHANGES = frozenset({Move.WOULD_MOVE, Move.WOULD_REPAIR})

Ask = Callable[[], Awaitable[Sequence[Publication]]]
"""Looks at all inputs, each time anew: what tags should name by now."""


async def pause(rounds: int) -> None:
    """Wait before a further round: not at all before the first, ever longer and each job differently before others."""
    longest = min(2.0**rounds, _LONGEST_PAUSE_SECONDS) if rounds > 1 else 0.0
    await asyncio.sleep(random.uniform(0, longest))  # noqa: S311  # it spreads jobs, it hides nothing


@dataclass(frozen=True, slots=True)
class Publishing:
    """Where and how a run publishes."""

    registry: Registry
    journals: Repository
    """Where runs leave what they moved."""
    rules: Rules
    keep_alive: bool = False
    pause: Callable[[int], Awaitable[None]] = pause


async def publish(ask: Ask, journal: Journal, how: Publishing) -> PublishRun:
    """Move tags until one more look at inputs and tags finds nothing to do.

    Whoever writes a tag last has looked at all inputs after that, and found that they make what the tag names. So when
    all jobs have ended, each tag names what all that they staged makes. What one tag fails by does not keep the others;
    where no journal can be left in the registry, nothing moves, and the error says why.
    """
    contents = Contents(how.registry, keep_alive=how.keep_alive)
    results: dict[Reference, Moved] = {}
    looked = await _look(await ask(), how)
    if how.rules.dry_run:
        return await _proposed(looked, journal, contents, how)
    is_open: Collection[Reference] = ()
    for rounds in range(MAX_ROUNDS):
        if rounds:
            again = _look_again(ask, is_open, rounds, how)
            looked, _ = await asyncio.gather(again, journals.complete(journal, how.journals, how.registry))
        journal, done = await _carried_out(looked, journal, contents, how)
        results |= {each.tag: results[each.tag].then(each) if each.tag in results else each for each in done}
        is_open = {each.tag for each in done if each.move is Move.MOVED or each.is_contested}
        if not is_open:
            return PublishRun(tuple(results.values()), journal, how.registry.requests)
    await journals.complete(journal, how.journals, how.registry)
    detail = f"other jobs moved it again and again, {MAX_ROUNDS} times in all; run again"
    unsettled = {
        tag: replace(results[tag], move=Move.FAILED, code=ExitCode.UNAVAILABLE, detail=detail) for tag in is_open
    }
    return PublishRun(tuple((results | unsettled).values()), journal, how.registry.requests)


async def _look(publications: Sequence[Publication], how: Publishing) -> Sequence[Moved]:
    """What should become of tags, by what they name now."""
    return await asyncio.gather(*(_looked(each, how) for each in publications))


async def _look_again(ask: Ask, is_open: Collection[Reference], rounds: int, how: Publishing) -> Sequence[Moved]:
    """The same, after a pause, of those tags that are not settled."""
    await how.pause(rounds)
    return await _look([each for each in await ask() if each.tag in is_open], how)


async def _looked(publication: Publication, how: Publishing) -> Moved:
    if (kept_back := held(publication)) is not None:
        return kept_back
    try:
        moved = decided(publication, await live(publication.tag, how.registry), how.rules)
        if how.rules.repair and moved.move is Move.UNCHANGED and not await _is_whole(moved, how.registry):
            return replace(moved, move=Move.WOULD_REPAIR)
    except OrchestratorError as error:
        return Moved(publication, Move.FAILED, code=error.exit_code, detail=str(error))
    return moved


async def _proposed(looked: Sequence[Moved], journal: Journal, contents: Contents, how: Publishing) -> PublishRun:
    moves = [each for each in looked if each.move in _CHANGES]
    writes = await contents.writes(moves) if moves else Counter[str]()
    if any(each.move is Move.WOULD_MOVE for each in moves):
        writes += await journals.writes(how.journals, how.registry)
    return PublishRun(tuple(looked), journal, how.registry.requests, writes)


async def _carried_out(
    looked: Sequence[Moved], journal: Journal, contents: Contents, how: Publishing
) -> tuple[Journal, Sequence[Moved]]:
    """One round: all content first, then what is about to move, then the tags; the journal of what moved."""
    done = {each.tag: each for each in looked}
    moves = [each for each in looked if each.move in _CHANGES]
    done |= {each.tag: each for each in await asyncio.gather(*(_brought(each, contents, how) for each in moves))}
    ready = [each for each in done.values() if each.move is Move.WOULD_MOVE]
    if not ready:
        return journal, tuple(done.values())
    journal = journal.noting(ready)
    await journals.write(journal, how.journals, how.registry)
    for wave in in_waves(ready):
        done |= {each.tag: each for each in await asyncio.gather(*(_pointed(each, how.registry) for each in wave))}
    return journal.noting(each for each in done.values() if each.move is Move.MOVED), tuple(done.values())


async def _brought(moved: Moved, contents: Contents, how: Publishing) -> Moved:
    try:
        await contents.bring(moved)
        if moved.move is not Move.WOULD_REPAIR:
            return moved
        if await _is_whole(moved, how.registry):
            return replace(moved, move=Move.REPAIRED)
    except OrchestratorError as error:
        return replace(moved, move=Move.FAILED, code=error.exit_code, detail=str(error))
    detail = "images that it names are gone, and staging does not have them either; build them again"
    return replace(moved, move=Move.FAILED, code=ExitCode.INCOMPLETE, detail=detail)


async def _is_whole(moved: Moved, registry: Registry) -> bool:
    return moved.index is None or await is_whole(moved.tag.repository, moved.index, registry)


async def _pointed(moved: Moved, registry: Registry) -> Moved:
    index = moved.index
    if index is None:
        return moved
    try:
        await registry.put_document(moved.tag, index, instead_of=moved.live.seen)
    except OrchestratorError as error:
        return replace(moved, move=Move.FAILED, code=error.exit_code, detail=str(error))
    return replace(moved, move=Move.MOVED)
