"""Asks a registry which tags the public repositories of an image have."""

import asyncio
from collections.abc import Sequence

from orchestrator.model.readme import PublishedTags
from orchestrator.model.repositories import Repositories
from orchestrator.tools.registry import Registry


async def published_tags(repositories: Repositories, arches: Sequence[str], *, registry: Registry) -> PublishedTags:
    """The tags of the repository of all arches, and of those of these; asks once for each repository."""
    wanted = (repositories.shared, *(repositories.arch(arch) for arch in arches))
    shared, *of_arches = await asyncio.gather(*(registry.tags(each) for each in wanted))
    return PublishedTags(frozenset(shared), dict(zip(arches, map(frozenset, of_arches), strict=True)))
