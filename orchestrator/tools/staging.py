"""Puts what was built into staging: first under digests, under its build ID only when it has passed its tests."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from orchestrator.errors import ContractBrokenError, InputError, OrchestratorError, TagMovedError
from orchestrator.model.oci import Descriptor, Document
from orchestrator.model.plan import Build, Found, Plan
from orchestrator.model.plan.kept_inputs import KeptInputs
from orchestrator.model.plan.reasons import LastStaged
from orchestrator.model.publishing.index import Member, assemble
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.keepers import keep
from orchestrator.tools.logs import log
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.sources import Source


async def find(plan: Plan, registry: Registry) -> dict[Reference, Found]:
    """What staging holds of each build of a plan; what it does not hold and never held is left out.

    One question per build, and one more for what is not there, to tell why it is needed. What a registry cannot answer
    is the build's own value.
    """
    builds = {build.staging: build for build in plan.builds}
    found = await asyncio.gather(*(_find(build, registry) for build in builds.values()))
    return {place: each for place, each in zip(builds, found, strict=True) if each is not None}


async def _find(build: Build, registry: Registry) -> Found | None:
    try:
        descriptor = await registry.resolve(build.staging)
    except OrchestratorError as error:
        return error
    return descriptor.digest if descriptor else await _last(build, registry)


async def _last(build: Build, registry: Registry) -> LastStaged | None:
    try:
        last = await registry.document(build.pointer)
    except OrchestratorError as error:
        # That it is needed is known already, and a damaged tag must not keep it from being built.
        return LastStaged("", None, f"what was staged last cannot be read: {error}")
    return LastStaged(last.digest, KeptInputs.of(dict(last.annotations))) if last else None


class Made(Protocol):
    """What a builder made, checked: one image and its attestations, on our disk or brought already."""

    @property
    def image(self) -> Document: ...
    @property
    def os_version(self) -> str: ...
    @property
    def os_features(self) -> tuple[str, ...]: ...
    @property
    def attestations(self) -> tuple[tuple[Descriptor, Document], ...]: ...
    @property
    def blobs(self) -> tuple[Descriptor, ...]: ...

    def blob(self, digest: str, /) -> Source:
        """Where a blob is."""


async def push(
    made: Made, build: Build, registry: Registry, *, arrived: Callable[[int, int], object] = lambda _count, _total: None
) -> Document:
    """Send an image, its attestations and the index over them, all by digest; returns the index, not yet tagged.

    The index remembers the inputs of the build. `arrived` is told after each blob how many bytes of how many the
    registry has, however they came there.
    """
    repository = build.staging.repository
    count, total = 0, sum(blob.size for blob in made.blobs)

    async def bring(blob: Descriptor) -> None:
        nonlocal count
        await _bring(blob, made, build, registry)
        count += blob.size
        arrived(count, total)

    await asyncio.gather(*map(bring, made.blobs))
    documents = (made.image, *(document for _, document in made.attestations))
    await asyncio.gather(*(_write(repository, document, registry) for document in documents))
    image = made.image.descriptor(
        platform=build.target.platform, os_version=made.os_version, os_features=made.os_features
    )
    member = Member(build.target.arch, image, tuple(descriptor for descriptor, _ in made.attestations))
    index = assemble([member], annotations=build.kept.annotations)
    await registry.put_document(repository.at(index.digest), index)
    return index


async def _bring(blob: Descriptor, made: Made, build: Build, registry: Registry) -> None:
    repository, source = build.staging.repository, made.blob(blob.digest)
    if blob.is_foreign and isinstance(source, Repository) and await registry.blob_size(source, blob.digest) is None:
        return  # its licence keeps it where its `urls` say, and clients go there
    mount_from = _same_registry(repository, build)
    await registry.put_blob(repository, blob.digest, blob.size, source, mount_from=mount_from)


async def _write(repository: Repository, document: Document, registry: Registry) -> None:
    try:
        await registry.put_document(repository.at(document.digest), document)
    except InputError as error:
        foreign = sum(layer.is_foreign for layer in document.layers)
        if not foreign:
            raise
        raise InputError(
            f"{error}; {foreign} of its layers may only be had from elsewhere, and this registry does not allow their "
            "urls: have it allow them, or build on a base without such layers"
        ) from error


async def tag(build: Build, index: Document, registry: Registry, *, keep_alive: bool = False) -> Document:
    """Give a tested index its build ID, and return the index that has it: from here on the build exists for everybody.

    Where another run was faster, its index stays, for tags may stand on it already; only a forced build replaces it.
    `keep_alive`: the manifests below the index get tags of their own before it has its name.
    """
    kept = await _named(build, index, registry, keep_alive=keep_alive)
    try:
        await registry.put_document(build.pointer, kept)
    except OrchestratorError as error:
        # It only helps to explain later builds, so this one is staged all the same.
        log.warning("staging: the last build cannot be noted", target=str(build.target), problem=str(error))
    return kept


async def _named(build: Build, index: Document, registry: Registry, *, keep_alive: bool) -> Document:
    kept = None if build.forced else await index_of(build, registry)
    if keep_alive:
        await _keep(build.staging.repository, kept or index, registry)
    if kept is None:
        try:
            await registry.put_document(build.staging, index)
        except TagMovedError:
            if build.forced:
                raise
            kept = await index_of(build, registry)
    if kept is not None and kept.digest != index.digest:
        log.info("another run staged it first", target=str(build.target), kept=kept.digest, ours=index.digest)
    return kept or index


async def _keep(repository: Repository, index: Document, registry: Registry) -> None:
    await asyncio.gather(*(keep(repository.at(child.digest), registry) for child in index.children))


def image_of(index: Document) -> Descriptor:
    """The one image of a staged index; raises ContractBrokenError."""
    images = [child for child in index.children if not child.is_attestation]
    if len(images) != 1:
        raise ContractBrokenError(f"{index.digest} holds {len(images)} images, expected one of a single build")
    return images[0]


async def index_of(build: Build, registry: Registry) -> Document | None:
    """The staged index of a build, or None; raises ContractBrokenError if something else has its name."""
    document = await registry.document(build.staging)
    if document is not None and not document.is_index:
        raise ContractBrokenError(f"{build.staging}: expected an index, found {document.media_type}")
    return document


def _same_registry(repository: Repository, build: Build) -> Sequence[Repository]:
    """Repositories on the same registry that already hold layers of the base."""
    bases = {base.pinned.repository for base in build.bases}
    return sorted(base for base in bases if base.registry == repository.registry)
