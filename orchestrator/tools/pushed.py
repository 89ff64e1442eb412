"""Reads what a builder sent to staging by itself, and believes none of it unchecked."""

import asyncio
import io
import json
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import ContractBrokenError
from orchestrator.model.image_config import ImageConfig
from orchestrator.model.oci import MAX_DOCUMENT_BYTES, Descriptor, Document
from orchestrator.model.platforms import Platform
from orchestrator.model.programs import programs_of
from orchestrator.model.references import Repository, is_digest
from orchestrator.tools import layout, staging
from orchestrator.tools.registry import Registry

_HEAD_BYTES = 2 * 1024 * 1024
"""Of each layer, for its first programs; the rest would travel for nothing."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """One image and its attestations in a repository; each of these documents has the digest that it is called by."""

    repository: Repository
    image: Document
    platform: Platform
    os_version: str
    attestations: tuple[tuple[Descriptor, Document], ...]
    os_features: tuple[str, ...] = ()

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Configurations and layers of the image and its attestations, each once."""
        documents = (self.image, *(document for _, document in self.attestations))
        return tuple({blob.digest: blob for document in documents for blob in document.blobs}.values())

    def blob(self, _: str) -> Repository:
        """Where a blob is: the builder has brought it."""
        return self.repository


async def read(metadata: Path, repository: Repository, registry: Registry) -> Pushed:
    """What a builder pushed to a repository, by what buildx noted of it.

    Raises ContractBrokenError if it is not one image as it says.
    """
    top = await _document(registry, repository, _digest(metadata))
    child = staging.image_of(top)
    image = await _document(registry, repository, child.digest)
    others = [each for each in top.children if each.is_attestation]
    if strange := [each.digest for each in others if each.subject != image.digest]:
        raise ContractBrokenError(f"the builder pushed attestations of another image: {', '.join(strange)}")
    documents = await asyncio.gather(*(_document(registry, repository, each.digest) for each in others))
    described = await _described(registry, repository, image)
    attestations = tuple(zip(others, documents, strict=True))
    return Pushed(repository, image, described.platform, described.os_version, attestations, described.os_features)


async def check_arch(pushed: Pushed, arch: str, registry: Registry) -> None:
    """As `layout.check_arch`, by the beginning of each layer."""
    layout.check_platform(pushed.platform, arch)
    readable = [layer for layer in pushed.image.layers if not layer.media_type.endswith(layout.UNREADABLE)]
    heads = await asyncio.gather(*(_head(registry, pushed.repository, layer.digest) for layer in readable))
    for layer, head in zip(readable, heads, strict=True):
        layout.check_machines(_machines(head, arch), arch, layer=layer.digest)


def _digest(metadata: Path) -> str:
    """The digest of what was pushed; buildx writes it at the end of a build that ended well."""
    try:
        noted = json.loads(metadata.read_bytes())
        digest = str(noted["containerimage.digest"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ContractBrokenError(f"{metadata}: buildx did not note what the builder pushed: {error}") from error
    if not is_digest(digest):
        raise ContractBrokenError(f"{metadata}: {digest!r} is not a sha256 digest")
    return digest


async def _document(registry: Registry, repository: Repository, digest: str) -> Document:
    document = await registry.document(repository.at(digest))
    if document is None:
        raise ContractBrokenError(f"{repository.at(digest)}: the builder says it pushed that, but it is not there")
    return document


async def _described(registry: Registry, repository: Repository, image: Document) -> ImageConfig:
    """What the configuration of an image says that it is for."""
    place = repository.at(image.digest)
    if image.config is None:
        raise ContractBrokenError(f"{place}: the builder pushed an index where an image should be")
    config = await registry.blob(repository, image.config.digest, max_bytes=MAX_DOCUMENT_BYTES)
    try:
        return ImageConfig.parse(config)
    except ValueError as error:
        raise ContractBrokenError(f"{place}: its configuration: {error}") from error


async def _head(registry: Registry, repository: Repository, digest: str) -> bytes:
    head = bytearray()
    async with aclosing(registry.stream_blob(repository, digest)) as pieces:
        async for piece in pieces:
            head += piece
            if len(head) >= _HEAD_BYTES:
                break
    return bytes(head)


def _machines(head: bytes, arch: str) -> frozenset[int]:
    """The machines of the programs that the beginning of a layer holds."""
    found: set[int] = set()
    try:
        found.update(layout.machines(io.BytesIO(head), programs_of(arch)))
    except layout.LAYER_ERRORS as error:
        # It breaks off where its beginning ends; a whole layer must not.
        if len(head) < _HEAD_BYTES:
            raise ContractBrokenError(f"the builder pushed what is not a layer: {error}") from error
    return frozenset(found)
