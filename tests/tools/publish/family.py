"""A small family in a registry in memory: images in staging, and the tags that they should be published under."""

import json
from collections.abc import Sequence
from typing import Any

from orchestrator.model.oci import OCI_MANIFEST, Document, digest_of
from orchestrator.model.plan import Build
from orchestrator.model.platforms import ARCHES
from orchestrator.model.publishing.index import Member, assemble
from orchestrator.model.publishing.publication import Publication, Staged
from orchestrator.model.references import Repository
from tests.samples import build, target
from tests.tools.publish.memory import MemoryRegistry

PUBLIC = Repository("registry.example", "library/tool")
JOURNALS = Repository("registry.example", "staging/journal-tool")


def image(arch: str, content: str, *, media_type: str = OCI_MANIFEST, **said: str) -> tuple[Document, bytes]:
    """A manifest, and the configuration that it names; `said` replaces what that says of its platform."""
    platform = ARCHES[arch].platform
    words: dict[str, Any] = {"os": platform.os, "architecture": platform.architecture, "content": content, **said}
    config = json.dumps(words).encode()
    entry = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(config), "size": len(config)}
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest_of(content.encode())}
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": entry,
        "layers": [{**layer, "size": len(content)}],
    }
    return Document(media_type, json.dumps(document).encode()), config


def hold_image(registry: MemoryRegistry, repository: Repository, arch: str, content: str, **said: str) -> Member:
    """Let a repository hold an image; returns it as a member of an index."""
    document, config = image(arch, content, **said)
    registry.hold(repository, document)
    registry.hold_blob(repository, digest_of(config), config)
    return Member(arch, document.descriptor(platform=ARCHES[arch].platform))


def stage(registry: MemoryRegistry, arch: str, *, content: str = "new", **said: str) -> Staged:
    """Let staging hold a build."""
    each = build(f"2.0/trixie@{arch}")
    member = hold_image(registry, each.staging.repository, arch, content, **said)
    registry.hold(each.staging.repository, assemble([member]), each.build_id)
    return Staged(each.target, each.staging.repository, (member,), each.build_id)


def staged_build(registry: MemoryRegistry, arch: str, document: Document) -> Build:
    """A build of which the plan saw that staging holds this document."""
    each = build(f"2.0/trixie@{arch}", staged=document.digest)
    registry.hold(each.staging.repository, document, each.build_id)
    return each


def publication(tag: str, *staged: Staged, missing: Sequence[str] = (), generation: int | None = None) -> Publication:
    absent = tuple(target(f"2.0/trixie@{arch}") for arch in missing)
    return Publication(
        tag=PUBLIC.tagged(tag),
        expected=(*(each.target for each in staged), *absent),
        staged=staged,
        missing=absent,
        best_effort=frozenset({"riscv64"}),
        generation=generation,
    )


def platforms(registry: MemoryRegistry, tag: str) -> list[str]:
    """What a tag can be pulled for."""
    return [str(child.platform) for child in registry.documents[str(PUBLIC.tagged(tag))].children]
