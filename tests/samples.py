"""Values that many tests need: targets, builds and plans of a small image, and OCI layouts as a builder leaves them."""

import datetime as dt
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from orchestrator.model.bases import ResolvedBase
from orchestrator.model.config import Config
from orchestrator.model.facts import Facts
from orchestrator.model.oci import OCI_INDEX, OCI_MANIFEST, Document, digest_of
from orchestrator.model.plan import Build, Parent, planned
from orchestrator.model.plan.build_id import BuildInputs, build_id, parent_input
from orchestrator.model.plan.kept_inputs import KeptInputs
from orchestrator.model.platforms import ARCHES
from orchestrator.model.publishing.journal import Journal
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.targets import Target
from orchestrator.model.variants import Variant

CONFIG = Config(image="tool", registry="registry.example")
BASE = Reference.parse("busybox:trixie")
DOCKERFILE = "FROM busybox:trixie\nRUN tool\n"


def target(name: str, *, version: str = "") -> Target:
    """A target by its name, such as `2.0/trixie@amd64`."""
    directory, _, arch = name.partition("@")
    line, _, variant = directory.partition("/")
    facts = Facts(line, Variant.parse(variant), BASE.short, (), {"version": version or f"{line}.1", "line": line})
    return Target(facts, arch)


def build(name: str, *, config: Config = CONFIG, staged: str = "", forced: str = "") -> Build:
    """The build of a target, on a base that has a digest of its own for each arch."""
    wanted = target(name)
    digest = digest_of(wanted.arch.encode())
    inputs = BuildInputs(
        dockerfile=hashlib.sha256(DOCKERFILE.encode()).hexdigest(),
        files={},
        platform=wanted.platform,
        build_args={"LINE": wanted.facts.name},
        bases={BASE.short: digest},
        builder="buildkit",
    )
    base = ResolvedBase(BASE, wanted.arch, BASE.pinned(digest), digest, "")
    directory = PurePosixPath("dockerfiles", wanted.facts.name)
    made = planned(
        wanted,
        KeptInputs(inputs, DOCKERFILE),
        bases=(base,),
        directory=directory,
        repositories=Repositories(config.registry, config),
    )
    return replace(made, staged=staged, forced=forced)


def child(name: str, parent: Build) -> Build:
    """The build of a target that stands on another build instead of a base."""
    one, image = build(name), Reference.parse(f"tool:{parent.target.facts.line}")
    inputs = replace(one.inputs, bases={image.short: parent_input(parent.build_id)})
    return replace(
        one,
        inputs=inputs,
        bases=(),
        staging=one.staging.repository.tagged(build_id(inputs)),
        parents=(Parent(image, parent.target, parent.staging, parent.staged),),
    )


def write_context(root: Path, *builds: Build) -> None:
    """Write what these builds are made from below the image's folder."""
    for each in builds:
        directory = root / each.directory
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "Dockerfile").write_text(DOCKERFILE)


def program(arch: str) -> bytes:
    """The beginning of an ELF program for an arch."""
    is_big = arch == "s390x"
    head = b"\x7fELF" + bytes([2, 2 if is_big else 1]) + bytes(12)
    return head + ARCHES[arch].elf_machine.to_bytes(2, "big" if is_big else "little") + bytes(44)


def tar(files: Mapping[str, bytes]) -> bytes:
    """A layer, compressed, with equal bytes for equal files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


@dataclass
class MadeLayout:
    """An OCI layout on disk, made by hand as BuildKit makes it, and wrong where a test wants it so."""

    root: Path
    entries: list[dict[str, Any]] = field(default_factory=list)
    """What the index of the build lists: images and attestations."""

    def blob(self, content: bytes, media_type: str, **more: Any) -> dict[str, Any]:
        """Store a blob; returns its descriptor."""
        digest = digest_of(content)
        path = self.path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content), **more}

    def path(self, digest: str) -> Path:
        return self.root / "blobs" / "sha256" / digest.removeprefix("sha256:")

    def image(self, arch: str, *layers: bytes, layer_type: str = "tar+gzip", config: bytes | None = None) -> str:
        """Add an image; returns the digest of its manifest."""
        platform = ARCHES[arch].platform
        words = {"os": platform.os, "architecture": platform.architecture}
        words |= {"variant": platform.variant} if platform.variant else {}
        described = json.dumps(words).encode() if config is None else config
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": self.blob(described, "application/vnd.oci.image.config.v1+json"),
            "layers": [self.blob(layer, f"application/vnd.oci.image.layer.v1.{layer_type}") for layer in layers],
        }
        self.entries.append(self.blob(json.dumps(manifest).encode(), OCI_MANIFEST, platform=words))
        digest: str = self.entries[-1]["digest"]
        return digest

    def attestation(self, subject: str) -> None:
        """Add provenance that speaks of an image."""
        statement = self.blob(b'{"predicateType": "https://slsa.dev/provenance/v0.2"}', "application/vnd.in-toto+json")
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": self.blob(b"{}", "application/vnd.oci.image.config.v1+json"),
            "layers": [statement],
        }
        annotations = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": subject,
        }
        platform = {"os": "unknown", "architecture": "unknown"}
        content = json.dumps(manifest).encode()
        self.entries.append(self.blob(content, OCI_MANIFEST, annotations=annotations, platform=platform))

    def close(self, *, tops: int = 1) -> Path:
        """Write the index over the entries, and `index.json` that names it so many times."""
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": self.entries}
        top = self.blob(json.dumps(index).encode(), OCI_INDEX)
        self.names([top] * tops)
        (self.root / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        return self.root

    def names(self, manifests: list[dict[str, Any]]) -> None:
        """Write `index.json`."""
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
        (self.root / "index.json").write_text(json.dumps(document))


def layout(root: Path, arch: str = "amd64", *layers: bytes) -> Path:
    """A good layout of one build: an image for the arch with its provenance."""
    made = MadeLayout(root)
    made.attestation(made.image(arch, *(layers or (tar({"bin/tool": program(arch)}),))))
    return made.close()


def index_document(*entries: Mapping[str, Any]) -> Document:
    return Document(OCI_INDEX, json.dumps({"schemaVersion": 2, "manifests": list(entries)}).encode())


def image_entry(platform: str, *, digest: str = "") -> dict[str, Any]:
    """What an index says of an image; its digest follows from the platform when it is not given."""
    words = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
    return {
        "mediaType": OCI_MANIFEST,
        "digest": digest or digest_of(platform.encode()),
        "size": 7,
        "platform": words,
    }


def attestation_entry(subject: str) -> dict[str, Any]:
    """What an index says of the provenance of an image."""
    annotations = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject}
    return {
        "mediaType": OCI_MANIFEST,
        "digest": digest_of(f"of {subject}".encode()),
        "size": 9,
        "annotations": annotations,
        "platform": {"os": "unknown", "architecture": "unknown"},
    }


def journal(run: str = "20260131T120000Z-0123abcd", *, verb: str = "publish", by: str = "job 7") -> Journal:
    """The journal of a run that has moved nothing yet."""
    return Journal(run, verb, dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC), by=by, tool="1.0")
