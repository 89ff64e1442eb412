"""Tags that keep manifests where a registry clears away what no tag names."""

import re

from orchestrator.model.references import Reference
from orchestrator.tools.registry import Registry

_LETTERS = 40
_KEEPER = re.compile(rf"k-[0-9a-f]{{{_LETTERS}}}")


def keeper(place: Reference) -> Reference:
    """The tag that keeps a manifest."""
    return place.repository.tagged(f"k-{place.digest.removeprefix('sha256:')[:_LETTERS]}")


def is_keeper(tag: str) -> bool:
    """Whether a tag is one of these, and none that people pull by."""
    return _KEEPER.fullmatch(tag) is not None


async def keep(place: Reference, registry: Registry) -> None:
    """Give the manifest at a digest its keeper; nothing is kept where nothing is."""
    document = await registry.document(place)
    if document is not None:
        await registry.put_document(keeper(place), document)
