"""Copies of images between repositories, complete before they are named."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from orchestrator.errors import ContractBrokenError, OrchestratorError, joined
from orchestrator.model.oci import Descriptor
from orchestrator.model.references import Repository
from orchestrator.tools.registry.uploads import Uploads
from orchestrator.tools.registry.writes import Writes

_MAX_DEPTH = 3


async def copy(
    source: Repository, target: Repository, digest: str, *, writes: Writes, uploads: Uploads, depth: int = 0
) -> None:
    """Make `target` hold a document of `source` with all that it names; what it names is there before it is."""
    what = f"copying {source.at(digest)} to {target}"
    if await writes.manifests.read(target.at(digest)) is not None:
        return
    document = await writes.manifests.read(source.at(digest))
    if document is None:
        raise ContractBrokenError(f"{what}: {source} does not have it; was it deleted?")
    if depth > _MAX_DEPTH:
        raise ContractBrokenError(f"{what}: indexes within indexes, more than {_MAX_DEPTH} deep")
    if document.is_index:
        parts = [
            copy(source, target, child.digest, writes=writes, uploads=uploads, depth=depth + 1)
            for child in document.children
        ]
    else:
        parts = [_copy_blob(source, target, blob, uploads=uploads) for blob in document.blobs]
    await _together(parts)
    await writes.write(target.at(digest), document, is_new=True)


async def _copy_blob(source: Repository, target: Repository, blob: Descriptor, *, uploads: Uploads) -> None:
    # A layer that its licence keeps elsewhere is rarely in a registry; a manifest may name it all the same.
    if not blob.is_foreign or await uploads.blobs.size(source, blob.digest) is not None:
        await uploads.write(target, blob.digest, blob.size, source)


async def _together(parts: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all at once; the first to fail ends the others, and what failed is one error."""
    try:
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(part)
    except ExceptionGroup as failed:
        ours = [error for error in failed.exceptions if isinstance(error, OrchestratorError)]
        if len(ours) < len(failed.exceptions):
            raise
        raise joined(ours) from failed
