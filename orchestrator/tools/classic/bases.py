"""The bases of a build, as their registries describe them."""

import asyncio

from orchestrator.errors import ContractBrokenError
from orchestrator.model.base_image import BaseImage
from orchestrator.model.bases import manifests_of_index
from orchestrator.model.image_config import ImageConfig
from orchestrator.model.oci import Document
from orchestrator.model.plan import Build
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.bases import CONFIG_MAX_BYTES, Registry


async def described(build: Build, registry: Registry) -> tuple[BaseImage, ...]:
    """The bases of a build, each once; raises what a registry raises, and ContractBrokenError for what is no image.

    The registry's client remembers manifests, so that asking again costs the configurations alone.
    """
    places = dict.fromkeys(base.pinned for base in build.bases)
    return tuple(await asyncio.gather(*(_described(place, build.target.platform, registry) for place in places)))


async def elsewhere(build: Build, registry: Registry) -> dict[str, Repository]:
    """Where each layer that a build need not bring along is to be had, by its digest; raises as `described`."""
    every = await described(build, registry)
    return {layer.digest: base.place.repository for base in every for layer in base.manifest.layers}


async def _described(place: Reference, platform: Platform, registry: Registry) -> BaseImage:
    manifest = await _manifest(place, platform, registry)
    if manifest.config is None:
        raise ContractBrokenError(f"base {place}: expected an image for {platform}, found an index")
    config = await registry.blob(place.repository, manifest.config.digest, max_bytes=CONFIG_MAX_BYTES)
    try:
        return BaseImage(place, manifest, ImageConfig.parse(config))
    except ValueError as error:
        raise ContractBrokenError(f"base {place} is malformed: {error}") from error


async def _manifest(place: Reference, platform: Platform, registry: Registry) -> Document:
    """The manifest of an image; a parent that was built here is pinned by the index over it."""
    document = await registry.document(place)
    if document is not None and document.is_index:
        digests = [each.digest for each in manifests_of_index(document) if each.platform.normal == platform.normal]
        document = await registry.document(place.pinned(digests[0])) if digests else None
    if document is None:
        raise ContractBrokenError(f"base {place}: there is no image for {platform}; was it deleted since the plan?")
    return document
