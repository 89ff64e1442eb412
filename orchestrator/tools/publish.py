"""Points public tags at what is staged: content first, then tags, each verified."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from orchestrator.errors import ExitCode, OrchestratorError
from orchestrator.model.index import lost, members
from orchestrator.model.plan import Plan
from orchestrator.model.publication import Move, Moved, Publication, Staged
from orchestrator.model.tags import tag_order
from orchestrator.model.targets import Target
from orchestrator.tools import staging
from orchestrator.tools.registry import Registry


@dataclass(frozen=True, slots=True)
class Rules:
    """What a run of publishing may do."""

    allow_drop: frozenset[str] = frozenset()
    """Platforms that a tag may lose, in every spelling that an index may have."""
    dry_run: bool = False


async def staged_targets(plan: Plan, registry: Registry) -> dict[Target, Staged]:
    """The builds of a plan that are in staging, with their images."""

    async def found(index: int) -> Staged | None:
        build = plan.builds[index]
        document = await staging.index_of(build, registry) if build.staged else None
        if document is None:
            return None
        return Staged(build.target, build.staging.repository, members(document, arch=build.target.arch))

    every = await asyncio.gather(*(found(index) for index in range(len(plan.builds))))
    return {staged.target: staged for staged in every if staged is not None}


async def publish(publications: Iterable[Publication], registry: Registry, rules: Rules) -> tuple[Moved, ...]:
    """Move tags in their order, the most specific first; what one tag fails by does not keep the others.

    Tags that are equally specific move at once, so a crash leaves the wider ones where they were.
    """
    results: list[Moved] = []
    for _, group in groupby(sorted(publications, key=_width), key=_width):
        results += await asyncio.gather(*(_move(publication, registry, rules) for publication in group))
    return tuple(results)


def _width(publication: Publication) -> tuple[bool, int]:
    return tag_order(publication.tag.tag)[:2]


async def _move(publication: Publication, registry: Registry, rules: Rules) -> Moved:
    if publication.held_by:
        names = ", ".join(str(target) for target in publication.held_by)
        return Moved(publication, Move.HELD, code=ExitCode.INCOMPLETE, detail=f"not staged: {names}")
    try:
        return await _put(publication, registry, rules)
    except OrchestratorError as error:
        return Moved(publication, Move.FAILED, code=error.exit_code, detail=str(error))


async def _put(publication: Publication, registry: Registry, rules: Rules) -> Moved:
    index = publication.index
    live = await registry.document(publication.tag)
    before = live.digest if live else ""
    if before == index.digest:
        return Moved(publication, Move.UNCHANGED, before, before)
    dropped = sorted(set(lost(live, publication.members)) - rules.allow_drop) if live else []
    if dropped:
        detail = f"it would lose {', '.join(dropped)}; build them, or allow it by --allow-drop"
        return Moved(publication, Move.REFUSED, before, index.digest, ExitCode.PUBLISH_REFUSED, detail)
    if rules.dry_run:
        return Moved(publication, Move.WOULD_MOVE, before, index.digest)
    await _copy(publication.staged, publication, registry)
    await registry.put_document(publication.tag, index)
    return Moved(publication, Move.MOVED, before, index.digest)


async def _copy(staged: Sequence[Staged], publication: Publication, registry: Registry) -> None:
    """Bring every manifest that the index names, with its blobs, into the tag's repository."""
    target = publication.tag.repository
    copies = (
        registry.copy_document(each.repository, target, descriptor.digest)
        for each in staged
        for member in each.members
        for descriptor in (member.image, *member.attestations)
    )
    await asyncio.gather(*copies)
