"""The packages of an image, from its SBOM or from the databases in its layers."""

import asyncio

from orchestrator.errors import ContractBrokenError
from orchestrator.model.references import Repository
from orchestrator.model.report import ImageReport
from orchestrator.model.report.diff import Inventory, Origin, Pair
from orchestrator.model.report.package_databases import Found, installed, is_complete, over
from orchestrator.model.report.packages import SPDX, Package, of_spdx
from orchestrator.model.report.parts import predicate
from orchestrator.tools.layout import UNREADABLE
from orchestrator.tools.once import Once
from orchestrator.tools.package_files import package_files
from orchestrator.tools.registry import Registry

_SBOM_MAX_BYTES = 64 * 1024 * 1024
_LAYERS_AT_ONCE = 4


class Packages:
    """Reads what is installed in images; a layer that several of them have is read once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._slots = asyncio.Semaphore(_LAYERS_AT_ONCE)
        self._layers = Once(self._layer)

    async def of_pair(self, pair: Pair, before: Repository, after: Repository) -> tuple[Inventory, Inventory] | None:
        """What both images of a pair hold, told by the same; None where there are not two to be compared.

        SBOMs where both have one: the databases know only what package managers installed, so it must not be compared
        with what an SBOM knows.
        """
        if pair.before is None or pair.after is None or pair.is_same:
            return None
        have_sboms = all(_sbom(image) for image in (pair.before, pair.after))
        read = self._from_sbom if have_sboms else self._from_layers
        old, new = await asyncio.gather(read(pair.before, before), read(pair.after, after))
        return old, new

    async def _from_sbom(self, image: ImageReport, repository: Repository) -> Inventory:
        documents = [await self._registry.document(repository.at(digest)) for digest in _sbom(image)]
        layers = (layer for document in documents if document for layer in document.layers)
        statements = [layer.digest for layer in layers if predicate(layer) == SPDX]
        found = await asyncio.gather(*(self._statement(repository, digest) for digest in statements))
        return Inventory(Origin.SBOM, frozenset().union(*found))

    async def _statement(self, repository: Repository, digest: str) -> frozenset[Package]:
        content = await self._registry.blob(repository, digest, max_bytes=_SBOM_MAX_BYTES)
        try:
            return of_spdx(content)
        except ValueError as error:
            raise ContractBrokenError(f"{repository}: the SBOM {digest} is none: {error}") from error

    async def _from_layers(self, image: ImageReport, repository: Repository) -> Inventory:
        """From the highest layer down, as far as it takes to find whole databases."""
        if (on := image.descriptor.platform) and on.os == "windows":
            return Inventory(Origin.DATABASES, problem="Windows has no package database")
        found = Found()
        for layer in reversed(image.layers):
            if layer.descriptor.is_foreign or layer.descriptor.media_type.endswith(UNREADABLE):
                return Inventory(Origin.DATABASES, problem=f"it has a layer {layer.descriptor.media_type}")
            found = over(found, await self._layers((repository, layer.descriptor.digest)))
            if is_complete(found.files):
                break
        if not found.files:
            return Inventory(Origin.DATABASES, problem="it has no package database")
        return Inventory(Origin.DATABASES, installed(found.files))

    async def _layer(self, place: tuple[Repository, str]) -> Found:
        repository, digest = place
        async with self._slots:
            return await package_files(self._registry.stream_blob(repository, digest), layer=digest)


def _sbom(image: ImageReport) -> tuple[str, ...]:
    """The digests of the attestations with an SBOM."""
    return tuple(each.digest for each in image.attestations if SPDX in each.predicates)
