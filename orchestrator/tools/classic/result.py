"""Turns what an engine saved into an OCI layout that shares the layers of its bases."""

from collections.abc import Sequence
from pathlib import Path

from orchestrator.errors import ContractBrokenError, LocalOutputError
from orchestrator.model.base_image import BaseImage, base_of, check
from orchestrator.model.classic import image as classic_image
from orchestrator.model.oci import Descriptor, digest_of
from orchestrator.tools import layers
from orchestrator.tools.classic.archive import Saved

_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'


def write(saved: Saved, bases: Sequence[BaseImage], into: Path) -> None:
    """Write the layout of a saved image; what a base has is named as the base names it, and is not there.

    Raises ContractBrokenError for an image that does not fit its bases, LocalOutputError.
    """
    base = base_of(saved.config, bases)
    try:
        check(saved.config, base)
    except ValueError as error:
        raise ContractBrokenError(f"the engine built {error}") from error
    blobs = into / "blobs" / "sha256"
    try:
        blobs.mkdir(parents=True)
        stored = {diff_id: layer for each in bases for diff_id, layer in each.layers.items()}
        for diff_id, archive in saved.layers.items():
            stored[diff_id] = _layer(archive, diff_id, blobs, media_type=classic_image.layer_type(base))
        wanted = [stored[diff_id] for diff_id in saved.config.diff_ids]
        image = classic_image.manifest(saved.content, wanted, base=base)
        for content in (saved.content, image.content):
            (blobs / digest_of(content).removeprefix("sha256:")).write_bytes(content)
        (into / "oci-layout").write_bytes(_LAYOUT)
        (into / "index.json").write_bytes(classic_image.top(image, saved.config))
    except OSError as error:
        raise LocalOutputError(f"{into}: {error.strerror}; the image cannot be written there") from error


def _layer(archive: Path, diff_id: str, blobs: Path, *, media_type: str) -> Descriptor:
    """Store a layer in its gzip form; its archive is gone then."""
    compressed = archive.with_name(f"{archive.name}.gz")
    layer = layers.compress(archive, compressed)
    if layer.diff_id != diff_id:
        raise ContractBrokenError(f"layer {diff_id} changed while it was compressed; is the disk sound?")
    compressed.replace(blobs / layer.digest.removeprefix("sha256:"))
    archive.unlink()
    return Descriptor(media_type, layer.digest, layer.size)
