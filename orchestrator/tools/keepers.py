"""Tags that keep manifests where a registry clears away what no tag names."""

from orchestrator.model.references import Reference
from orchestrator.tools.registry import Registry

_LETTERS = 40


def keeper(place: Reference) -> Reference:
    """The tag that keeps a manifest."""
    return place.repository.tagged(f"k-{place.digest.removeprefix('sha256:')[:_LETTERS]}")


async def keep(place: Reference, registry: Registry) -> None:
    """Give the manifest at a digest its keeper; nothing is kept where nothing is."""
    document = await registry.document(place)
    if document is not None:
        await registry.put_document(keeper(place), document)
