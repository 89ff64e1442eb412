"""Reads what a builder left on disk, an OCI layout, and believes none of it unchecked."""

import hashlib
import json
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import ContractBrokenError
from orchestrator.model import elf
from orchestrator.model.oci import OCI_INDEX, Descriptor, Document
from orchestrator.model.platforms import ARCHES, Platform

_ELF_FILES_PER_LAYER = 16
"""Enough to be sure; one stray program of another machine, a loader or a test file, must not fail a build."""

_UNREADABLE = "+zstd"
"""Layers that the standard library cannot unpack; BuildKit makes none, but a base may have them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One image and its attestations, every byte of which has the digest that it is called by."""

    root: Path
    image: Document
    platform: Platform
    os_version: str
    attestations: tuple[tuple[Descriptor, Document], ...]

    def blob(self, digest: str) -> Path:
        return _blob(self.root, digest)

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Configurations and layers of the image and its attestations, each once."""
        documents = (self.image, *(document for _, document in self.attestations))
        return tuple({blob.digest: blob for document in documents for blob in document.blobs}.values())


def read(root: Path) -> Layout:
    """Read the layout of one build; raises ContractBrokenError if it is not one image as it says."""
    (entry,) = _only(_json(root / "index.json").get("manifests") or (), what="entry in index.json")
    top = _document(root, entry["digest"], entry["mediaType"])
    children = top.children if top.media_type == OCI_INDEX else (top.descriptor(),)
    (image,) = _only([child for child in children if not child.is_attestation], what="image")
    manifest = _document(root, image.digest, image.media_type)
    attestations = tuple(
        (child, _document(root, child.digest, child.media_type))
        for child in children
        if child.is_attestation and child.subject == image.digest
    )
    config = _json(_blob(root, manifest.blobs[0].digest))
    platform = Platform(config.get("os", ""), config.get("architecture", ""), config.get("variant", ""))
    layout = Layout(root, manifest, platform, config.get("os.version", ""), attestations)
    for blob in layout.blobs:
        _verify(root, blob)
    return layout


def check_arch(layout: Layout, arch: str) -> None:
    """Compare the configuration, and the programs inside, with what was asked for.

    BuildKit labels an image with the platform it was told, even on a base for another machine (docker/buildx#1389).
    Raises ContractBrokenError.
    """
    wanted = ARCHES[arch]
    if layout.platform.normal != wanted.platform.normal:
        raise ContractBrokenError(f"the builder made an image for {layout.platform}, expected {wanted.platform}")
    if not wanted.elf_machine:
        return
    for layer in layout.image.layers:
        if layer.media_type.endswith(_UNREADABLE):
            continue
        machines = set(_machines(layout.blob(layer.digest)))
        if machines and wanted.elf_machine not in machines:
            names = ", ".join(_machine_name(machine) for machine in sorted(machines))
            raise ContractBrokenError(
                f"layer {layer.digest} holds programs for {names}, expected {arch}; "
                "look for a base or a download of another architecture"
            )


def _machines(path: Path) -> Iterator[int]:
    found = 0
    try:
        with tarfile.open(path, mode="r|*") as layer:
            for member in layer:
                if not member.isreg() or member.size < elf.HEADER_BYTES:
                    continue
                file = layer.extractfile(member)
                machine = elf.machine(file.read(elf.HEADER_BYTES)) if file else None
                if machine is not None:
                    yield machine
                    found += 1
                if found == _ELF_FILES_PER_LAYER:
                    return
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ContractBrokenError(f"{path.name}: not a layer: {error}") from error


def _machine_name(machine: int) -> str:
    names = [arch.name for arch in ARCHES.values() if arch.elf_machine == machine]
    return "/".join(names) or f"ELF machine {machine}"


def _document(root: Path, digest: str, media_type: str) -> Document:
    path = _blob(root, digest)
    try:
        document = Document.parse(path.read_bytes(), media_type)
    except (OSError, ValueError) as error:
        raise ContractBrokenError(f"{path}: {error}") from error
    if document.digest != digest:
        raise ContractBrokenError(f"{path}: the content has the digest {document.digest}")
    return document


def _verify(root: Path, blob: Descriptor) -> None:
    path = _blob(root, blob.digest)
    try:
        with path.open("rb") as file:
            actual = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as error:
        raise ContractBrokenError(f"{path}: {error.strerror}, though the manifest names it") from error
    if actual != blob.digest or path.stat().st_size != blob.size:
        raise ContractBrokenError(f"{path}: expected {blob.size} bytes of {blob.digest}, got {actual}")


def _blob(root: Path, digest: str) -> Path:
    return root / "blobs" / "sha256" / digest.removeprefix("sha256:")


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ContractBrokenError(f"{path}: {error}") from error
    if not isinstance(value, dict):
        raise ContractBrokenError(f"{path}: expected a JSON object")
    return value


def _only(items: Any, *, what: str) -> Any:
    if len(items) != 1:
        raise ContractBrokenError(f"the builder left {len(items)} of what should be one {what}")
    return items
