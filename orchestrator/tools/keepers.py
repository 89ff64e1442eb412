"""Tags that keep manifests where a registry clears away what no tag names."""

import asyncio
from collections.abc import Awaitable, Callable

from orchestrator.errors import InputError
from orchestrator.model.references import Reference
from orchestrator.tools.registry import Registry

_LETTERS = 40
_PAUSES_SECONDS = (0.2, 0.5, 1.0)

Work = Callable[[], Awaitable[object]]


def keeper(place: Reference) -> Reference:
    """The tag that keeps a manifest."""
    return place.repository.tagged(f"k-{place.digest.removeprefix('sha256:')[:_LETTERS]}")


async def keep(place: Reference, registry: Registry) -> None:
    """Give the manifest at a digest its keeper; nothing is kept where nothing is."""
    document = await registry.document(place)
    if document is not None:
        await patiently(lambda: registry.put_document(keeper(place), document))


async def patiently(work: Work, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Write something, a few times where a registry says that its parts are not there, though we saw them there.

    distribution 2.8.3 empties the file that says that a manifest is in a repository before it writes it again: while
    another job brings the same image, or keeps it, it is not there for a moment.
    """
    for seconds in _PAUSES_SECONDS:
        try:
            await work()
        except InputError:
            await sleep(seconds)
        else:
            return
    await work()
