"""Reads what reports tell of images; each distinct manifest, configuration and layer is asked for once per run."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from orchestrator.errors import ContractBrokenError, InputError
from orchestrator.model.oci import Descriptor, Document
from orchestrator.model.references import Reference, Repository
from orchestrator.model.report import ImageReport, Report, printable
from orchestrator.model.report.parts import Child, Part, image_parts, image_report, other_parts
from orchestrator.tools.once import Once
from orchestrator.tools.registry import Registry

_CONFIG_MAX_BYTES = 8 * 1024 * 1024


class NotAnImageError(InputError):
    """What a name stands for is something else, such as a signature or a chart."""


class ReportImages:
    """Reads images for one run; several reports may be asked for at the same time."""

    def __init__(self, registry: Registry, *, with_referrers: bool = False) -> None:
        """`with_referrers`: also list what is stored beside images, which costs some requests for each of them."""
        self._registry = registry
        self._with_referrers = with_referrers
        self._configs = Once(self._config)
        self._dates = Once(self._date)

    async def report(self, name: Reference, places: Sequence[Reference]) -> Report:
        """The report of what `name` stands for, at the first of these places that has it.

        A place that cannot answer ends the search: what a mirror holds may differ from what its registry holds. Raises
        NotAnImageError, ContractBrokenError for what is malformed or lacks a part, and what the registry raises.
        """
        for place in places:
            document = await self._registry.document(place)
            if document is not None:
                return await self._report(name, place.repository, document)
        return Report(name, name.repository, None)

    async def _report(self, name: Reference, repository: Repository, top: Document) -> Report:
        named = top.children if top.is_index else (top.descriptor(),)
        children = await asyncio.gather(*(self._child(repository, each) for each in named))
        found = image_parts(top, children)
        if not found:
            kinds = ", ".join(dict.fromkeys(child.kind for child in children)) or "an index of nothing"
            raise NotAnImageError(f"{name.short}: there is no image in it, but {kinds}; name a tag of an image")
        images = await asyncio.gather(*(self._image(repository, part) for part in found))
        referrers = await self._referrers(repository, top.digest) if top.is_index else None
        return Report(name, repository, top.descriptor(), tuple(images), other_parts(children), referrers)

    async def _referrers(self, repository: Repository, digest: str) -> tuple[Descriptor, ...] | None:
        if not self._with_referrers:
            return None
        listed, by_cosign = await asyncio.gather(
            self._registry.referrers(repository, digest), self._registry.kept_by_cosign(repository, digest)
        )
        tagged = (replace(each.descriptor(), artifact_type=Child(each.descriptor(), each).kind) for each in by_cosign)
        return tuple(map(printable, (*listed, *tagged)))

    async def _child(self, repository: Repository, descriptor: Descriptor) -> Child:
        document = await self._registry.document(repository.at(descriptor.digest))
        if document is None:
            raise ContractBrokenError(
                f"{repository}: {descriptor.digest} is not there, though an index names it; publish its tags again"
            )
        return Child(descriptor, document)

    async def _image(self, repository: Repository, part: Part) -> ImageReport:
        config, dates, referrers = await asyncio.gather(
            self._configs((repository, part.config.digest)),
            self._dates_of(repository, part.layers),
            self._referrers(repository, part.descriptor.digest),
        )
        try:
            return replace(image_report(part, config, dates), referrers=referrers)
        except ValueError as error:
            raise ContractBrokenError(
                f"{repository.at(part.descriptor.digest)}: its configuration {part.config.digest} is malformed: {error}"
            ) from error

    async def _dates_of(self, repository: Repository, layers: Sequence[Descriptor]) -> list[dt.datetime | None]:
        # An image may annotate a layer that it shares with others; where the layer is stored does not depend on that.
        bare = (replace(layer, annotations=()) for layer in layers)
        return await asyncio.gather(*(self._dates((repository, layer)) for layer in bare))

    async def _config(self, place: tuple[Repository, str]) -> bytes:
        repository, digest = place
        return await self._registry.blob(repository, digest, max_bytes=_CONFIG_MAX_BYTES)

    async def _date(self, place: tuple[Repository, Descriptor]) -> dt.datetime | None:
        repository, layer = place
        return await self._registry.modified(repository, layer)
