"""Small images and an impatient client, for tests that push to a real registry."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.model.oci import OCI_INDEX, OCI_MANIFEST, Document, digest_of
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.credentials import Credential
from orchestrator.tools.registry.retry import Policy

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
_GZIP = b"\x1f\x8b\x08\x00"
"""How compressed bytes begin: deflated, with no name (RFC 1952, 2.3.1)."""

IMPATIENT = Policy(
    first_seconds=0.01,
    longest_seconds=0.05,
    unreachable_seconds=0.01,
    answer_seconds=2.0,
    throttled_seconds=0.05,
    visible_after_seconds=(0.0, 0.01, 0.02, 0.05, 0.1),
)
"""The policy as users have it, with all its waits a hundred times shorter."""


@dataclass(frozen=True, slots=True)
class Known:
    """Credentials by registry."""

    by_registry: Mapping[str, Credential]

    async def of(self, registry: str) -> Credential | None:
        return self.by_registry.get(registry)


ANYBODY = Known({})


def client(*, credentials: Known = ANYBODY, policy: Policy = IMPATIENT) -> Registry:
    return Registry(credentials=credentials, policy=policy)


@dataclass(frozen=True, slots=True)
class Image:
    """An image with its blobs."""

    manifest: Document
    blobs: tuple[bytes, ...]
    platform: Platform


def image(layer: bytes, *, platform: str = "linux/amd64", **changes: Any) -> Image:
    """An image of one layer, compressed or not; `changes` are further keys of its manifest."""
    is_compressed = layer.startswith(_GZIP)
    content = gzip.decompress(layer) if is_compressed else layer
    on = Platform.parse(platform)
    facts: dict[str, Any] = {"architecture": on.architecture, "os": on.os}
    if on.variant:
        facts["variant"] = on.variant
    config = json.dumps({**facts, "rootfs": {"type": "layers", "diff_ids": [digest_of(content)]}}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": CONFIG_TYPE, "digest": digest_of(config), "size": len(config)},
        "layers": [
            {
                "mediaType": f"{LAYER_TYPE}{'+gzip' if is_compressed else ''}",
                "digest": digest_of(layer),
                "size": len(layer),
            }
        ],
        **changes,
    }
    return Image(Document.parse(json.dumps(manifest).encode(), OCI_MANIFEST), (config, layer), on)


def index(images: Sequence[Image]) -> Document:
    manifests = [
        {
            "mediaType": one.manifest.media_type,
            "digest": one.manifest.digest,
            "size": one.manifest.size,
            "platform": {
                key: value
                for key, value in (
                    ("os", one.platform.os),
                    ("architecture", one.platform.architecture),
                    ("variant", one.platform.variant),
                )
                if value
            },
        }
        for one in images
    ]
    body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
    return Document.parse(json.dumps(body).encode(), OCI_INDEX)


async def push(registry: Registry, reference: Reference, image: Image) -> bool:
    """Push an image with its blobs; whether its manifest was new under this reference."""
    for blob in image.blobs:
        await registry.put_blob(reference.repository, digest_of(blob), len(blob), blob)
    return await registry.put_document(reference, image.manifest)


async def push_index(registry: Registry, reference: Reference, images: Sequence[Image]) -> Document:
    """Push images by digest and an index over them."""
    for one in images:
        await push(registry, reference.repository.at(one.manifest.digest), one)
    document = index(images)
    await registry.put_document(reference, document)
    return document


async def holds(registry: Registry, repository: Repository, digest: str) -> bool:
    """Whether a repository has a document and, proven by their digests, all that it names."""
    document = await registry.document(repository.at(digest))
    if document is None:
        return False
    for blob in document.blobs:
        await registry.blob(repository, blob.digest, max_bytes=blob.size)
    return all([await holds(registry, repository, child.digest) for child in document.children])
