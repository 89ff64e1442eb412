"""What a report says of an image: its platforms, how each was made, and what each consists of."""

import datetime as dt
from dataclasses import dataclass, replace

from orchestrator.model.characters import REFUSED
from orchestrator.model.oci import INDEX_TYPES, Descriptor
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference, Repository
from orchestrator.model.report.config import Settings, Step


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer as the manifest names it."""

    descriptor: Descriptor
    modified: dt.datetime | None = None
    """When the registry got it, where the registry says."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """What somebody says of an image, kept beside it."""

    digest: str
    predicates: tuple[str, ...]
    """What kind of statements it makes, such as https://slsa.dev/provenance/v1."""


@dataclass(frozen=True, slots=True)
class ImageReport:
    """The image of one platform."""

    descriptor: Descriptor
    """With the platform, the configuration's where no index says it."""
    config: Descriptor
    settings: Settings
    created: dt.datetime | None
    steps: tuple[Step, ...]
    """The oldest first."""
    layers: tuple[Layer, ...]
    """The lowest first."""
    attestations: tuple[Attestation, ...] = ()
    cpu_features: tuple[str, ...] = ()
    referrers: tuple[Descriptor, ...] | None = None
    """Signatures and the like that are stored beside it; None where nobody asked for them."""

    @property
    def size(self) -> int:
        """Bytes that all layers have as they travel; foreign ones count."""
        return sum(layer.descriptor.size for layer in self.layers)

    @property
    def platform(self) -> str:
        """The platform as repo-info writes it: `linux; arm variant v7`, `windows version 10.0.17763.864; amd64`."""
        known, on = self.descriptor, self.descriptor.platform
        system, architecture, variant = (on.os, on.architecture, on.variant) if on else ("", "", "")
        left = (
            system or "linux",
            f" version {known.os_version}" if known.os_version else "",
            _features(known.os_features),
        )
        right = (architecture or "amd64", f" variant {variant}" if variant else "", _features(self.cpu_features))
        return f"{''.join(left)}; {''.join(right)}"

    @property
    def place(self) -> tuple[str, str]:
        """What it stands for in an index: its platform in full, and the release of Windows, whose patch counts not."""
        on = self.descriptor.platform
        return str(on.normal) if on else "", ".".join(self.descriptor.os_version.split(".")[:3])

    def layer_steps(self) -> tuple[Step | None, ...]:
        """For each layer the step that made it; None where the history does not tell."""
        made = [step for step in self.steps if not step.is_empty]
        return tuple(made) if len(made) == len(self.layers) else (None,) * len(self.layers)


@dataclass(frozen=True, slots=True)
class Report:
    """What a name stands for, whatever its registry has there."""

    name: Reference
    """As people call it."""
    repository: Repository
    """Where it was found: its own repository, or that of a mirror."""
    top: Descriptor | None
    """The index or manifest; None where there is no such tag."""
    images: tuple[ImageReport, ...] = ()
    """In the order of the index."""
    others: tuple[Descriptor, ...] = ()
    """What the index lists besides: no images, and attestations of images that it does not list."""
    referrers: tuple[Descriptor, ...] | None = None
    """Those of the index itself; None where nobody asked for them, and where there is no index."""

    @property
    def is_index(self) -> bool:
        return self.top is not None and self.top.media_type in INDEX_TYPES


def printable(descriptor: Descriptor) -> Descriptor:
    """The descriptor with words that fit on a line and steer no terminal; what is in a registry may say anything."""
    on = descriptor.platform
    return replace(
        descriptor,
        media_type=one_line(descriptor.media_type),
        platform=Platform(one_line(on.os), one_line(on.architecture), one_line(on.variant)) if on else None,
        os_version=one_line(descriptor.os_version),
        os_features=tuple(map(one_line, descriptor.os_features)),
        artifact_type=one_line(descriptor.artifact_type),
    )


def one_line(text: str) -> str:
    return REFUSED.sub("\ufffd", text)


def _features(words: tuple[str, ...]) -> str:
    return f" ft. {', '.join(words)}" if words else ""
