"""Verifies images where they are stored: reads all that they need, each distinct part once, and names what is wrong."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from orchestrator.errors import ContractBrokenError, OrchestratorError
from orchestrator.model.image_config import ImageConfig
from orchestrator.model.oci import Descriptor, Document
from orchestrator.model.references import Repository
from orchestrator.model.verification import (
    Need,
    Part,
    Problem,
    State,
    Verification,
    config_of,
    merged,
    needs,
    problems_of_config,
    problems_of_document,
    problems_of_layer,
    problems_of_statement,
    referring,
    top,
)
from orchestrator.tools import streamed_layers
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.retry import RegistryUnavailableError
from orchestrator.tools.streamed_layers import NotALayerError

T = TypeVar("T")

_CONFIG_MAX_BYTES = 8 * 1024 * 1024
_STATEMENT_MAX_BYTES = 32 * 1024 * 1024
"""What is longer is proven like a layer, but not read."""

_MAX_DEPTH = 4
_ARCHIVE = re.compile(r"\.tar([.+]gzip)?$")
"""Layers whose files the standard library can unpack; of all others, such as encrypted ones, only bytes are proven."""


class Place(Protocol):
    """Where images are stored: a repository or an OCI layout. What it gives is proven by digest."""

    async def document(self, descriptor: Descriptor) -> Document | None:
        """A document, or None where there is certainly none."""

    async def size(self, digest: str) -> int | None:
        """How many bytes a blob has, -1 where that is not said; None where there is no such blob."""

    async def blob(self, digest: str, *, max_bytes: int) -> bytes:
        """A small blob."""

    def stream(self, digest: str) -> AsyncGenerator[bytes, None]:
        """A blob of any size in pieces."""

    async def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        """What speaks of a document."""


@dataclass(frozen=True, slots=True)
class InRegistry:
    """A repository as a place."""

    registry: Registry
    repository: Repository

    def __str__(self) -> str:
        return str(self.repository)

    async def document(self, descriptor: Descriptor) -> Document | None:
        return await self.registry.document(self.repository.at(descriptor.digest))

    async def size(self, digest: str) -> int | None:
        return await self.registry.blob_size(self.repository, digest)

    async def blob(self, digest: str, *, max_bytes: int) -> bytes:
        return await self.registry.blob(self.repository, digest, max_bytes=max_bytes)

    def stream(self, digest: str) -> AsyncGenerator[bytes, None]:
        return self.registry.stream_blob(self.repository, digest)

    async def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        return await self.registry.referrers(self.repository, digest)


async def verify(place: Place, images: Mapping[str, Document], *, deep: bool) -> Verification:
    """Read what these images (by the name that each was asked for by) need at their place.

    Layers are only looked for, unless `deep`: then they are read and unpacked, and have to be what the configuration
    says, with programs for its platform; and what refers to an image, such as signatures, is read as well.
    What is wrong, or could not be looked at, is in the result.
    """
    reading = _Reading(place, deep=deep)
    await reading.run(images)
    return Verification(
        place=str(place),
        images={name: document.digest for name, document in images.items()},
        proven=dict(reading.proven),
        seen=reading.seen,
        proven_bytes=reading.proven_bytes,
        problems=tuple(reading.problems),
    )


@dataclass(slots=True)
class _Image:
    """A manifest as indexes say it and as it is, with its configuration where that is an image's."""

    said: Descriptor
    manifest: Document
    config: ImageConfig | None = None


@dataclass
class _Reading:
    """What is known while a place is read."""

    place: Place
    deep: bool
    proven: Counter[Part] = field(default_factory=Counter)
    seen: int = 0
    proven_bytes: int = 0
    problems: list[Problem] = field(default_factory=list)
    images: list[_Image] = field(default_factory=list)

    async def run(self, images: Mapping[str, Document]) -> None:
        blobs = merged(await self._documents(images))
        # Layers come last, for the configurations tell what they are for.
        await _each(self._blob, (need for need in blobs if need.part is not Part.LAYER))
        await _each(self._blob, (need for need in blobs if need.part is Part.LAYER))

    async def _documents(self, images: Mapping[str, Document]) -> list[Need]:
        """Read documents level by level; returns the blobs that they need."""
        blobs: list[Need] = []
        done: set[str] = set()
        level = merged(top(document, name=name) for name, document in images.items())
        read = {document.digest: document for document in images.values()}
        for _ in range(_MAX_DEPTH):
            found = await _each(lambda need: self._document(need, read.get(need.descriptor.digest)), level)
            named = [part for need, document in found if document for part in needs(document, need)]
            if self.deep:
                named += [part for parts in await _each(self._referring, level) for part in parts]
            blobs += (need for need in named if not need.is_document)
            done |= {need.descriptor.digest for need in level}
            level = merged(need for need in named if need.is_document and need.descriptor.digest not in done)
        self.problems += (need.problem(State.WRONG, f"indexes nest deeper than {_MAX_DEPTH}") for need in level)
        return blobs

    async def _document(self, need: Need, read: Document | None) -> tuple[Need, Document | None]:
        document = read or await self._read(need, self.place.document(need.descriptor))
        if document is None:
            return need, None
        self._count(need, document.size)
        self.problems += problems_of_document(need, document)
        if not document.is_index:
            self.images.append(_Image(need.descriptor, document))
        return need, document

    async def _referring(self, need: Need) -> list[Need]:
        if need.part not in (Part.INDEX, Part.MANIFEST):
            return []
        found = await self._read(need, self.place.referrers(need.descriptor.digest))
        return [referring(child, need) for child in found or ()]

    async def _blob(self, need: Need) -> None:
        match need.part:
            case Part.CONFIG:
                await self._config(need)
            case Part.STATEMENT if need.descriptor.size <= _STATEMENT_MAX_BYTES:
                await self._statement(need)
            case _ if self.deep:
                await self._layer(need)
            case _:
                await self._look(need)

    async def _config(self, need: Need) -> None:
        content = await self._content(need, _CONFIG_MAX_BYTES)
        if content is None:
            return
        # What stands for the configuration of an attestation says nothing.
        images = [image for image in self._having(need) if not image.said.is_attestation]
        for image in images:
            image.config = config_of(content)
        self.problems += problems_of_config(need, content, [(image.said, image.manifest) for image in images])

    async def _statement(self, need: Need) -> None:
        content = await self._content(need, _STATEMENT_MAX_BYTES)
        if content is not None:
            subjects = [image.said.subject for image in self._having(need) if image.said.subject]
            self.problems += problems_of_statement(need, content, subjects)

    async def _content(self, need: Need, max_bytes: int) -> bytes | None:
        content = await self._read(need, self.place.blob(need.descriptor.digest, max_bytes=max_bytes))
        if content is not None:
            self._count(need, len(content))
            if len(content) != need.descriptor.size:
                self.problems.append(need.problem(State.WRONG, _other_size(need, len(content))))
        return content

    async def _look(self, need: Need) -> None:
        size = await self._read(need, self.place.size(need.descriptor.digest))
        if size is None:
            return
        self.seen += 1
        if size not in (-1, need.descriptor.size):
            # Whoever pushed it knew its size, so rather the copy lost bytes than that the manifest is wrong.
            self.problems.append(need.problem(State.DAMAGED, _other_size(need, size)))

    async def _layer(self, need: Need) -> None:
        pieces = self.place.stream(need.descriptor.digest)
        is_archive = _ARCHIVE.search(need.descriptor.media_type)
        read = streamed_layers.unpacked if is_archive else streamed_layers.counted
        layer = await self._read(need, read(pieces))
        if layer is None:
            return
        self._count(need, layer.size)
        if layer.size != need.descriptor.size:
            self.problems.append(need.problem(State.WRONG, _other_size(need, layer.size)))
        images = [(image.manifest, image.config) for image in self._having(need) if image.config]
        self.problems += problems_of_layer(need, layer, images)

    def _having(self, need: Need) -> list[_Image]:
        digest = need.descriptor.digest
        return [image for image in self.images if any(blob.digest == digest for blob in image.manifest.blobs)]

    async def _read(self, need: Need, work: Awaitable[T | None]) -> T | None:
        """What comes of it; None, and a problem, where nothing does."""
        try:
            found = await work
        except NotALayerError as error:
            self.problems.append(need.problem(State.WRONG, str(error)))
            return None
        except ContractBrokenError as error:
            if need.is_document or not await self._is_absent(need):
                self.problems.append(need.problem(State.DAMAGED, str(error)))
                return None
            found = None
        except OrchestratorError as error:
            self.problems.append(_unknown(need, error))
            return None
        if found is None and not need.descriptor.is_foreign:
            self.problems.append(need.problem(State.MISSING, "it is not there"))
        return found

    async def _is_absent(self, need: Need) -> bool:
        """Whether a blob that could not be read is not there at all."""
        try:
            return await self.place.size(need.descriptor.digest) is None
        except OrchestratorError:
            return False

    def _count(self, need: Need, size: int) -> None:
        self.proven[need.part] += 1
        self.proven_bytes += size


async def _each(work: Callable[[Need], Awaitable[T]], needs: Iterable[Need]) -> list[T]:
    return await asyncio.gather(*(work(need) for need in needs))


def _unknown(need: Need, error: OrchestratorError) -> Problem:
    if isinstance(error, RegistryUnavailableError) and error.status == 500:
        # It answers for the documents that name this, and fails on this for good: its storage has lost the bytes.
        return need.problem(State.DAMAGED, str(error))
    return need.problem(State.UNKNOWN, str(error), code=error.exit_code)


def _other_size(need: Need, size: int) -> str:
    return f"it has {size} bytes, its manifest says {need.descriptor.size}"
