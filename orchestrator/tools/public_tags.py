"""Reads what public tags name: their images, how large those are, and which runs moved them."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from orchestrator.errors import OrchestratorError, UnavailableError
from orchestrator.model.plan import Plan, Unknown
from orchestrator.model.publishing.journal import Journal
from orchestrator.model.publishing.live import Live
from orchestrator.model.publishing.publication import Staged
from orchestrator.model.references import Reference, Repository
from orchestrator.model.status.public_tags import Found, Places, moves
from orchestrator.tools.publish import journals
from orchestrator.tools.publish.live import live, staged_targets
from orchestrator.tools.registry import Registry

_LAST_RUNS = 100


async def find(
    plan: Plan, places: Places, runs: Repository, registry: Registry, *, with_sizes: bool
) -> tuple[Found, tuple[OrchestratorError, ...]]:
    """What these tags name, and what staging has of a plan; beside it the errors by which parts stay unknown.

    `runs` is where journals are. Sizes are those of what is staged and of what arch tags ever named.
    """
    staged, latest, named = await asyncio.gather(
        staged_targets(plan, registry), _latest(runs, registry), _named(places.every, registry)
    )
    found = Found(
        tags=named,
        moves={} if isinstance(latest, OrchestratorError) else moves(latest),
        images={target: _image(each) for target, each in staged.items()},
    )
    known = {unknown.target for unknown in plan.unknown}
    images = (image for target, image in found.images.items() if target not in known)
    errors = tuple(each for each in (latest, *named.values(), *images) if isinstance(each, OrchestratorError))
    if not with_sizes:
        return found, errors
    of_staging = (build.staging.pinned(build.staged) for build in plan.builds if build.staged)
    of_tags = (tag.pinned(move.after) for tag in places.own.values() for move in found.moves.get(tag, ()))
    return replace(found, sizes=await _sizes((*of_staging, *of_tags), registry)), errors


def _image(found: Staged | Unknown) -> str | OrchestratorError:
    return found.members[0].image.digest if isinstance(found, Staged) else found.error


async def _latest(repository: Repository, registry: Registry) -> tuple[Journal, ...] | OrchestratorError:
    try:
        return await journals.latest(repository, registry, limit=_LAST_RUNS)
    except OrchestratorError as error:
        return error


async def _sizes(places: Iterable[Reference], registry: Registry) -> dict[Reference, int]:
    """What is gone, or cannot be asked, is left out."""
    wanted = tuple(dict.fromkeys(places))
    found = await asyncio.gather(*(_size(place, registry) for place in wanted))
    return {place: size for place, size in zip(wanted, found, strict=True) if size is not None}


async def _named(tags: Sequence[Reference], registry: Registry) -> dict[Reference, Live | OrchestratorError]:
    found = await asyncio.gather(*(_live(tag, registry) for tag in tags))
    return dict(zip(tags, found, strict=True))


async def _live(tag: Reference, registry: Registry) -> Live | OrchestratorError:
    try:
        found = await live(tag, registry)
    except OrchestratorError as error:
        return error
    if found.is_damaged:
        return UnavailableError(f"{tag}: the registry cannot read what it names; `orchestrator publish` writes it anew")
    return found


async def _size(place: Reference, registry: Registry) -> int | None:
    """Bytes of the layers of the one image that this is, or an index of it."""
    try:
        document = await registry.document(place)
        if document is not None and document.is_index:
            images = [child for child in document.children if not child.is_attestation]
            document = await registry.document(place.pinned(images[0].digest)) if len(images) == 1 else None
    except OrchestratorError:
        return None
    return sum(layer.size for layer in document.layers) if document and not document.is_index else None
