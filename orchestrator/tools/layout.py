"""Reads what a builder left on disk, an OCI layout, and believes none of it unchecked."""

import hashlib
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from orchestrator.errors import ContractBrokenError
from orchestrator.model import elf
from orchestrator.model.bases import manifest_of_config
from orchestrator.model.oci import MAX_DOCUMENT_BYTES, OCI_INDEX, Descriptor, Document
from orchestrator.model.platforms import ARCHES, Platform

_ELF_FILES_PER_LAYER = 16
"""Enough to be sure; one stray program of another machine, a loader or a test file, must not fail a build."""

_UNREADABLE = "+zstd"
"""Layers that the standard library cannot unpack; BuildKit makes none, but a base may have them."""

_T = TypeVar("_T")


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
    _check_plain(root)
    entry = _only(_parse(root / "index.json", OCI_INDEX).children, what="entry in index.json")
    top = _document(root, entry)
    children = top.children if top.is_index else (entry,)
    descriptor = _only([child for child in children if not child.is_attestation], what="image")
    image = _document(root, descriptor)
    attestations = tuple((child, _document(root, child)) for child in children if child.is_attestation)
    if strange := [child.digest for child, _ in attestations if child.subject != image.digest]:
        raise ContractBrokenError(f"the builder left attestations of another image: {', '.join(strange)}")
    platform, os_version = _platform(root, image)
    layout = Layout(root, image, platform, os_version, attestations)
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
    """The machines of the first programs in a layer."""
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
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ContractBrokenError(f"{path.name}: not a layer: {error}") from error


def _machine_name(machine: int) -> str:
    names = [arch.name for arch in ARCHES.values() if arch.elf_machine == machine]
    return "/".join(names) or f"ELF machine {machine}"


def _check_plain(root: Path) -> None:
    """Refuse links, devices and pipes: reading one would leave the layout, or never end."""
    for path in root.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ContractBrokenError(f"{path}: the builder left what is neither a file nor a folder")


def _platform(root: Path, image: Document) -> tuple[Platform, str]:
    """What the configuration of an image says that it is for, and its os.version."""
    if image.config is None:
        raise ContractBrokenError(f"the builder left an index, {image.digest}, where an image should be")
    _verify(root, image.config)
    path = _blob(root, image.config.digest)
    try:
        found = manifest_of_config(_bytes(path), digest=image.digest)
    except ValueError as error:
        raise ContractBrokenError(f"{path}: {error}") from error
    return found.platform, found.os_version


def _document(root: Path, descriptor: Descriptor) -> Document:
    """What a descriptor names, proven."""
    _verify(root, descriptor)
    return _parse(_blob(root, descriptor.digest), descriptor.media_type)


def _parse(path: Path, media_type: str) -> Document:
    try:
        return Document.parse(_bytes(path), media_type)
    except ValueError as error:
        raise ContractBrokenError(f"{path}: {error}") from error


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise ContractBrokenError(f"{path}: {error.strerror}, though the builder should have left it") from error


def _verify(root: Path, blob: Descriptor) -> None:
    path = _blob(root, blob.digest)
    try:
        with path.open("rb") as file:
            actual = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
            size = file.tell()
    except OSError as error:
        raise ContractBrokenError(f"{path}: {error.strerror}, though the layout names it") from error
    if (actual, size) != (blob.digest, blob.size):
        raise ContractBrokenError(f"{path}: expected {blob.size} bytes of {blob.digest}, got {size} of {actual}")


def _blob(root: Path, digest: str) -> Path:
    return root / "blobs" / "sha256" / digest.removeprefix("sha256:")


def _only(items: Sequence[_T], *, what: str) -> _T:
    if len(items) != 1:
        raise ContractBrokenError(f"the builder left {len(items)} of what should be one {what}")
    return items[0]
