"""Takes back what a run moved, where nobody has moved it since."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from orchestrator.errors import OrchestratorError
from orchestrator.model.publishing.journal import Entry, Journal
from orchestrator.model.publishing.live import Live
from orchestrator.model.publishing.moves import Rules, width
from orchestrator.model.publishing.rollback import Restored, Result, restored
from orchestrator.model.references import Repository
from orchestrator.tools.publish import journals
from orchestrator.tools.publish.contents import is_whole
from orchestrator.tools.publish.live import live
from orchestrator.tools.registry import Registry


@dataclass(frozen=True, slots=True)
class TakingBack:
    """Where a run is taken back, and what that may do."""

    registry: Registry
    journals: Repository
    shared: Repository
    """The repository whose tags join arches: they go last, as in publishing."""
    rules: Rules


async def roll_back(run: Journal, journal: Journal, how: TakingBack) -> tuple[Restored, ...]:
    """Make the tags of a run name what they named before it; `journal` is that of this run, and can be taken back, too.

    What one tag fails by does not keep the others; where no journal can be left in the registry, nothing moves.
    """
    looked = await asyncio.gather(*(_looked(entry, how) for entry in run.entries))
    results = {each.entry.tag: each for each in looked}
    ready = [each for each in results.values() if each.result is Result.WOULD_RESTORE]
    if how.rules.dry_run or not ready:
        return tuple(results.values())
    journal = journal.with_entries(_back(each, is_done=False) for each in ready)
    await journals.write(journal, how.journals, how.registry)
    for wave in _in_waves(ready, how.shared):
        done = await asyncio.gather(*(_put_back(each, how.registry) for each in wave))
        results |= {each.entry.tag: each for each in done}
    put_back = [each for each in results.values() if each.result is Result.RESTORED]
    await journals.complete(
        journal.with_entries(_back(each, is_done=True) for each in put_back), how.journals, how.registry
    )
    return tuple(results.values())


async def _looked(entry: Entry, how: TakingBack) -> Restored:
    try:
        now = await live(entry.tag, how.registry)
        return restored(entry, now, await _before(entry, how.registry), how.rules)
    except OrchestratorError as error:
        return Restored(entry, Result.FAILED, error.exit_code, str(error))


async def _before(entry: Entry, registry: Registry) -> Live:
    """What a tag named before, or nothing where any of it is no more there."""
    if not entry.before:
        return Live()
    repository = entry.tag.repository
    found = await live(repository.at(entry.before), registry)
    return found if found.document and await is_whole(repository, found.document, registry) else Live()


async def _put_back(each: Restored, registry: Registry) -> Restored:
    document = each.document
    if document is None:
        return each
    try:
        await registry.put_document(each.entry.tag, document, instead_of=each.entry.after)
    except OrchestratorError as error:
        return each.failed(error.exit_code, str(error))
    return replace(each, result=Result.RESTORED)


def _in_waves(several: Sequence[Restored], shared: Repository) -> list[list[Restored]]:
    def rank(each: Restored) -> tuple[bool, bool, int]:
        return width(each.entry.tag, is_shared=each.entry.tag.repository == shared)

    return [list(wave) for _, wave in groupby(sorted(several, key=rank), key=rank)]


def _back(each: Restored, *, is_done: bool) -> Entry:
    return Entry(each.entry.tag, before=each.entry.after, after=each.entry.before, is_done=is_done)
