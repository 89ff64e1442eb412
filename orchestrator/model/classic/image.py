"""Describes an image of the classic builder, which hands out a configuration and plain layers, and no manifest."""

from collections.abc import Sequence

from orchestrator.model.base_image import BaseImage
from orchestrator.model.image_config import ImageConfig
from orchestrator.model.oci import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Descriptor,
    Document,
    digest_of,
)
from orchestrator.model.plan.build_id import canonical_json


def layer_type(base: BaseImage | None) -> str:
    """The media type of a new layer in gzip, of the family that the base is of."""
    return DOCKER_LAYER if _is_docker(base) else OCI_LAYER


def manifest(config: bytes, layers: Sequence[Descriptor], *, base: BaseImage | None) -> Document:
    """The manifest of an image, of the family that its base is of; equal images have equal bytes."""
    kind, config_type = (DOCKER_MANIFEST, DOCKER_CONFIG) if _is_docker(base) else (OCI_MANIFEST, OCI_CONFIG)
    content = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": Descriptor(config_type, digest_of(config), len(config)).entry,
        "layers": [layer.entry for layer in layers],
    }
    return Document(kind, canonical_json(content))


def top(image: Document, config: ImageConfig) -> bytes:
    """The `index.json` of a layout that holds this image alone."""
    descriptor = image.descriptor(
        platform=config.platform, os_version=config.os_version, os_features=config.os_features
    )
    return canonical_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor.entry]})


def _is_docker(base: BaseImage | None) -> bool:
    return base is not None and base.manifest.media_type == DOCKER_MANIFEST
