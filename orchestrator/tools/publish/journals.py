"""Journals of runs in the registry: each under the name of its run, in a repository of its image's own."""

import asyncio
from collections import Counter
from collections.abc import Mapping

from orchestrator.errors import ContractBrokenError, InputError, OrchestratorError, joined
from orchestrator.model.oci import digest_of
from orchestrator.model.publishing.journal import EMPTY, JOURNAL, Journal, is_run, read
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.logs import log
from orchestrator.tools.registry import Registry

_MAX_BYTES = 16 * 1024 * 1024
_TIMES_WRITTEN = 2


async def write(journal: Journal, repository: Repository, registry: Registry) -> None:
    """Keep a journal under its run, in the place of what that run wrote before."""
    content = journal.content
    await asyncio.gather(
        registry.put_blob(repository, digest_of(EMPTY), len(EMPTY), EMPTY),
        registry.put_blob(repository, digest_of(content), len(content), content),
    )
    await registry.put_document(repository.tagged(journal.run), journal.artifact)


async def complete(journal: Journal, repository: Repository, registry: Registry) -> None:
    """Write again what became of it; where that fails, what was about to move stands there and is all that matters."""
    try:
        await write(journal, repository, registry)
    except OrchestratorError as error:
        log.warning("the journal cannot be completed", run=journal.run, problem=str(error))


async def writes(repository: Repository, registry: Registry) -> Counter[str]:
    """The writing requests by which a run leaves its journal, by method: before its moves and after them."""
    has_empty = await registry.blob_size(repository, digest_of(EMPTY)) is not None
    blobs = _TIMES_WRITTEN + (0 if has_empty else 1)
    return Counter({"POST": blobs, "PUT": blobs + _TIMES_WRITTEN})


async def of_run(run: str, repository: Repository, registry: Registry) -> Journal:
    """The journal of a run; raises InputError when there is none."""
    if not is_run(run):
        raise InputError(
            f"{run!r} is not a run; write it like 20260131T120000Z-0123abcd, `orchestrator history` has them"
        )
    found = await _read(repository.tagged(run), registry)
    if found is None:
        raise InputError(f"there is no run {run} in {repository}; `orchestrator history` has those there are")
    return found


async def latest(repository: Repository, registry: Registry, *, limit: int) -> tuple[Journal, ...]:
    """The journals of the last runs, newest first; raises for all that cannot be read, since none may be missing."""
    found, errors = await readable(repository, registry, limit=limit)
    if errors:
        raise joined(tuple(errors.values()))
    return found


async def readable(
    repository: Repository, registry: Registry, *, limit: int
) -> tuple[tuple[Journal, ...], Mapping[str, OrchestratorError]]:
    """Those of the journals of the last runs that can be read, newest first, and by run why the others cannot.

    Names tell the order, for lists of tags come in any.
    """
    runs = sorted(filter(is_run, await registry.tags(repository)), reverse=True)[:limit]
    found = await asyncio.gather(*(_read_or_error(repository.tagged(run), registry) for run in runs))
    errors = {run: each for run, each in zip(runs, found, strict=True) if isinstance(each, OrchestratorError)}
    return tuple(each for each in found if isinstance(each, Journal)), errors


async def _read_or_error(place: Reference, registry: Registry) -> Journal | OrchestratorError | None:
    try:
        return await _read(place, registry)
    except OrchestratorError as error:
        return error


async def _read(place: Reference, registry: Registry) -> Journal | None:
    document = await registry.document(place)
    if document is None:
        return None
    layers = [layer for layer in document.layers if layer.media_type == JOURNAL]
    if len(layers) != 1:
        raise ContractBrokenError(f"{place}: expected the journal of a run, found {document.media_type}")
    content = await registry.blob(place.repository, layers[0].digest, max_bytes=_MAX_BYTES)
    try:
        return read(content, registry=place.registry)
    except ValueError as error:
        raise ContractBrokenError(f"{place}: not the journal of a run: {error}") from error
