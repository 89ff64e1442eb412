"""The image that a build stands on, as its registry describes it, and what a build has in common with it."""

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.model.image_config import ImageConfig
from orchestrator.model.oci import Descriptor, Document
from orchestrator.model.references import Reference


@dataclass(frozen=True, slots=True)
class BaseImage:
    """The manifest and the configuration of a base; making one raises ValueError where they do not agree."""

    place: Reference
    manifest: Document
    config: ImageConfig

    def __post_init__(self) -> None:
        layers, diff_ids = len(self.manifest.layers), len(self.config.diff_ids)
        if layers != diff_ids:
            raise ValueError(f"{self.place} has {layers} layers, and its configuration {diff_ids}; ask who made it")

    @property
    def layers(self) -> dict[str, Descriptor]:
        """How its layers are stored, by the digests of their plain archives."""
        return dict(zip(self.config.diff_ids, self.manifest.layers, strict=True))

    @property
    def known(self) -> frozenset[str]:
        """The digests of its layers, plain and as they are stored."""
        return frozenset((*self.config.diff_ids, *(layer.digest for layer in self.manifest.layers)))


def base_of(config: ImageConfig, bases: Iterable[BaseImage]) -> BaseImage | None:
    """The base that an image stands on: of those whose layers are the image's lowest, the one with the most."""
    below = [base for base in bases if config.diff_ids[: len(base.config.diff_ids)] == base.config.diff_ids]
    return max(below, key=lambda base: len(base.config.diff_ids), default=None)


def check(config: ImageConfig, base: BaseImage | None) -> None:
    """Raise ValueError for an image of Windows that does not say the release of its base."""
    if not config.platform.is_windows:
        return
    if base is None:
        raise ValueError("an image of Windows stands on none of the bases of its build")
    if not config.os_version or config.os_version != base.config.os_version:
        raise ValueError(
            f"an image of Windows has the os.version {config.os_version!r}, expected {base.config.os_version!r}, "
            f"that of its base {base.place}"
        )
