"""Reads what a builder left on disk, an OCI layout, and believes none of it unchecked."""

import hashlib
import tarfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, TypeVar

from orchestrator.errors import ContractBrokenError
from orchestrator.model.image_config import ImageConfig
from orchestrator.model.oci import MAX_DOCUMENT_BYTES, OCI_INDEX, Descriptor, Document
from orchestrator.model.platforms import ARCHES, Platform
from orchestrator.model.programs import Programs, programs_of
from orchestrator.model.references import Repository

PROGRAMS_PER_LAYER = 16
"""Enough to be sure; one stray program of another machine, a loader or a test file, must not fail a build."""

UNREADABLE = "+zstd"
"""Layers that the standard library cannot unpack; BuildKit makes none, but a base may have them."""

LAYER_ERRORS = (tarfile.TarError, EOFError, OSError, zlib.error)
"""What reading a broken layer raises."""

_NOWHERE: Mapping[str, Repository] = MappingProxyType({})

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Layout:
    """One image and its attestations, every byte of which has the digest that it is called by."""

    root: Path
    image: Document
    platform: Platform
    os_version: str
    attestations: tuple[tuple[Descriptor, Document], ...]
    os_features: tuple[str, ...] = ()
    elsewhere: Mapping[str, Repository] = field(default_factory=dict)
    """The layers that are not there, by their digests: who has them."""

    def blob(self, digest: str) -> Path | Repository:
        """Where a blob is."""
        return self.elsewhere.get(digest, _blob(self.root, digest))

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Configurations and layers of the image and its attestations, each once."""
        documents = (self.image, *(document for _, document in self.attestations))
        return tuple({blob.digest: blob for document in documents for blob in document.blobs}.values())


def read(root: Path, *, elsewhere: Mapping[str, Repository] = _NOWHERE) -> Layout:
    """Read the layout of one build; raises ContractBrokenError if it is not one image as it says.

    Of the image's layers those may be missing that are known to be `elsewhere`, by their digests.
    """
    _check_plain(root)
    entry = _only(_parse(root / "index.json", OCI_INDEX).children, what="entry in index.json")
    top = _document(root, entry)
    children = top.children if top.is_index else (entry,)
    descriptor = _only([child for child in children if not child.is_attestation], what="image")
    image = _document(root, descriptor)
    attestations = tuple((child, _document(root, child)) for child in children if child.is_attestation)
    if strange := [child.digest for child, _ in attestations if child.subject != image.digest]:
        raise ContractBrokenError(f"the builder left attestations of another image: {', '.join(strange)}")
    config = _config(root, image)
    absent = {layer.digest for layer in image.layers if not _blob(root, layer.digest).exists()}
    missing = {digest: repository for digest, repository in elsewhere.items() if digest in absent}
    layout = Layout(root, image, config.platform, config.os_version, attestations, config.os_features, missing)
    for blob in layout.blobs:
        if blob.digest not in missing:
            _verify(root, blob)
    return layout


def check_arch(layout: Layout, arch: str) -> None:
    """Compare the configuration, and the programs inside, with what was asked for.

    BuildKit labels an image with the platform it was told, even on a base for another machine (docker/buildx#1389).
    Layers that are elsewhere are their base's. Raises ContractBrokenError.
    """
    check_platform(layout.platform, arch)
    for layer in layout.image.layers:
        path = layout.blob(layer.digest)
        if isinstance(path, Path) and not layer.media_type.endswith(UNREADABLE):
            check_machines(_machines(path, programs_of(arch)), arch, layer=layer.digest)


def check_platform(platform: Platform, arch: str) -> None:
    """Compare what an image says that it is for with what was asked for; raises ContractBrokenError."""
    wanted = ARCHES[arch].platform
    if platform.normal != wanted.normal:
        raise ContractBrokenError(f"the builder made an image for {platform}, expected {wanted}")


def check_machines(machines: Collection[int], arch: str, *, layer: str) -> None:
    """Compare the machines of programs in a layer with what was asked for; raises ContractBrokenError."""
    programs = programs_of(arch)
    if machines and not programs.runs & set(machines):
        names = ", ".join(programs.name_of(machine) for machine in sorted(machines))
        raise ContractBrokenError(
            f"layer {layer} holds programs for {names}, expected {arch}; "
            "look for a base or a download of another architecture"
        )


def machines(file: IO[bytes], programs: Programs) -> Iterator[int]:
    """The machines of the first programs in a layer; raises one of LAYER_ERRORS where it breaks off, or is none."""
    found = 0
    with tarfile.open(fileobj=file, mode="r|*") as layer:
        for member in layer:
            program = layer.extractfile(member) if member.isreg() else None
            machine = programs.machine(program.read(programs.header_bytes)) if program else None
            if machine is not None:
                yield machine
                found += 1
            if found == PROGRAMS_PER_LAYER:
                return


def _machines(path: Path, programs: Programs) -> frozenset[int]:
    try:
        with path.open("rb") as file:
            return frozenset(machines(file, programs))
    except LAYER_ERRORS as error:
        raise ContractBrokenError(f"{path.name}: not a layer: {error}") from error


def _check_plain(root: Path) -> None:
    """Refuse links, devices and pipes: reading one would leave the layout, or never end."""
    for path in root.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ContractBrokenError(f"{path}: the builder left what is neither a file nor a folder")


def _config(root: Path, image: Document) -> ImageConfig:
    """What the configuration of an image says."""
    if image.config is None:
        raise ContractBrokenError(f"the builder left an index, {image.digest}, where an image should be")
    _verify(root, image.config)
    path = _blob(root, image.config.digest)
    try:
        return ImageConfig.parse(_bytes(path))
    except ValueError as error:
        raise ContractBrokenError(f"{path}: {error}") from error


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
