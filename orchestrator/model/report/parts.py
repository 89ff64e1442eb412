"""What the documents behind a name are to a report: images, attestations of them, or neither."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.model.image_config import CONFIG_TYPES, ImageConfig, is_image
from orchestrator.model.oci import Descriptor, Document
from orchestrator.model.report import Attestation, ImageReport, Layer, one_line, printable
from orchestrator.model.report.config import Told

# https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
_PREDICATE = "in-toto.io/predicate-type"


@dataclass(frozen=True, slots=True)
class Child:
    """What an index lists, or the one manifest that stands alone: as it is named, and as it is."""

    descriptor: Descriptor
    document: Document

    @property
    def config(self) -> Descriptor | None:
        """The configuration of an image; None for an attestation, an artifact and an index."""
        return self.document.config if is_image(self.document) and not self.descriptor.is_attestation else None

    @property
    def kind(self) -> str:
        """The type of what is no image; where the configuration is an image's all the same, that of what it holds."""
        document = self.document
        if document.layers and document.artifact_type in CONFIG_TYPES:
            return one_line(document.layers[0].media_type)
        return one_line(document.artifact_type or document.media_type)


@dataclass(frozen=True, slots=True)
class Part:
    """An image that a report tells of, before its configuration is read."""

    descriptor: Descriptor
    config: Descriptor
    layers: tuple[Descriptor, ...]
    attestations: tuple[Attestation, ...]
    cpu_features: tuple[str, ...]


def image_parts(top: Document, children: Sequence[Child]) -> tuple[Part, ...]:
    """The images of an index, each with the attestations that speak of it, or the one that stands alone."""
    features = _cpu_features(top)
    return tuple(
        Part(
            child.descriptor,
            child.config,
            child.document.layers,
            tuple(_attestation(each) for each in children if _speaks_of(each, child)),
            features.get(child.descriptor.digest, ()),
        )
        for child in children
        if child.config is not None
    )


def other_parts(children: Sequence[Child]) -> tuple[Descriptor, ...]:
    """What an index lists besides its images and what speaks of them."""
    images = [child for child in children if child.config is not None]
    rest = (child for child in children if child.config is None)
    return tuple(printable(each.descriptor) for each in rest if not any(_speaks_of(each, image) for image in images))


def image_report(part: Part, config: bytes, dates: Sequence[dt.datetime | None]) -> ImageReport:
    """The report of an image with the dates of its layers; raises ValueError for a malformed configuration."""
    told, runs_on = Told.parse(config), ImageConfig.parse(config)
    descriptor = part.descriptor
    if descriptor.platform is None:
        descriptor = replace(
            descriptor,
            platform=runs_on.platform,
            os_version=runs_on.os_version,
            os_features=runs_on.os_features,
        )
    return ImageReport(
        printable(descriptor),
        part.config,
        told.settings,
        told.created,
        told.steps,
        tuple(Layer(printable(layer), date) for layer, date in zip(part.layers, dates, strict=True)),
        part.attestations,
        part.cpu_features,
    )


def predicate(layer: Descriptor) -> str:
    """What kind of statement a layer of an attestation is; empty where it does not say."""
    return one_line(dict(layer.annotations).get(_PREDICATE, ""))


def _attestation(child: Child) -> Attestation:
    said = (predicate(layer) for layer in child.document.layers)
    return Attestation(child.descriptor.digest, tuple(filter(None, said)))


def _speaks_of(child: Child, image: Child) -> bool:
    return child.descriptor.is_attestation and child.descriptor.subject == image.descriptor.digest


def _cpu_features(top: Document) -> Mapping[str, tuple[str, ...]]:
    """By digest the features of the processor that Docker's lists may name; OCI only reserves the word.

    https://distribution.github.io/distribution/spec/manifest-v2-2/#manifest-list-field-descriptions
    """
    entries = json.loads(top.content).get("manifests") or () if top.is_index else ()
    found = ((entry["digest"], (entry.get("platform") or {}).get("features")) for entry in entries)
    return {digest: tuple(map(one_line, map(str, words))) for digest, words in found if isinstance(words, list)}
