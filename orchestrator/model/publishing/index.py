"""Assembles indexes: which manifests stand in one, in which order, in which bytes."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from orchestrator.model.oci import DOCKER_LIST, DOCKER_MANIFEST, INDEX_TYPES, OCI_INDEX, Descriptor, Document
from orchestrator.model.platforms import ARCHES, Platform, arch_of

VERSION = "org.opencontainers.image.version"
"""The annotation that says of an image which version it holds.

https://github.com/opencontainers/image-spec/blob/main/annotations.md
"""

_ARCH_ORDER = tuple(ARCHES)
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Member:
    """One image of an index with the attestations that speak of it."""

    arch: str
    """Empty for an image of others whose platform is none of ours; it keeps its own spelling."""
    image: Descriptor
    attestations: tuple[Descriptor, ...] = ()

    @property
    def platform(self) -> str:
        """The platform for people, with the release of Windows where there is one."""
        version = f" {self.image.os_version}" if self.image.os_version else ""
        return f"{self._platform}{version}"

    @property
    def place(self) -> tuple[str, str]:
        """What it stands for in an index: the platform in full, and the release of Windows, whose patch counts not."""
        # 10.0.26100.4061: the third number is the release; the fourth moves with every patch.
        return str(self._platform.normal), ".".join(self.image.os_version.split(".")[:3])

    @property
    def version(self) -> str:
        """What its index says that it holds; empty where it does not say."""
        return dict(self.image.annotations).get(VERSION, "")

    def holding(self, version: str) -> "Member":
        """The same image, said to hold a version."""
        kept = tuple((key, value) for key, value in self.image.annotations if key != VERSION)
        return replace(self, image=replace(self.image, annotations=(*kept, (VERSION, version))))

    @property
    def descriptors(self) -> tuple[Descriptor, ...]:
        """What its index lists, the image first, its platform spelled as its arch says."""
        return (replace(self.image, platform=self._platform), *self.attestations)

    @property
    def _platform(self) -> Platform:
        if self.arch:
            return ARCHES[self.arch].platform
        return self.image.platform or Platform("unknown", "unknown")


def members(document: Document, *, arch: str) -> tuple[Member, ...]:
    """The images of an index, or the one that a manifest is, all of one arch, each with its attestations.

    Attestations of what is not there are dropped. Raises ValueError for what is of another arch.
    """
    images = _images(document)
    for image in images:
        if image.media_type in INDEX_TYPES:
            raise ValueError(f"{image.digest} is an index within an index, expected an image")
        if image.platform and _machine(image.platform) != _machine(ARCHES[arch].platform):
            raise ValueError(f"{image.digest} is for {image.platform}, expected {ARCHES[arch].platform}")
    return tuple(Member(arch, image, _attestations(image, document)) for image in images)


def members_of_all(document: Document, images: Mapping[str, Descriptor]) -> tuple[Member, ...]:
    """The images of an index or manifest that others may have made, each of the arch that its platform says.

    `images` has, by digest, what the configurations say of those that the document says no platform of; what then has
    none is no image that anybody could pull, and left out.
    """
    known = (images.get(image.digest, image) for image in _images(document))
    return tuple(
        Member(arch.name if arch else "", image, _attestations(image, document))
        for image in known
        if image.platform
        for arch in (arch_of(image.platform),)
    )


def without_platform(document: Document) -> tuple[Descriptor, ...]:
    """The images whose platform only their configuration can say."""
    return tuple(image for image in _images(document) if not image.platform)


def assemble(members: Iterable[Member], *, annotations: Mapping[str, str] = _NONE) -> Document:
    """The index over these images, in its one spelling: equal members and annotations give equal bytes.

    Order, spelling of platforms and of the JSON (sorted keys, no white space, `/` written as `\\/`) are those of
    perl-bashbrew's put-multiarch, so that the same members have the same digest there and here. Several builds of
    Windows stand newest first. Over Docker's manifests it is Docker's list, which has no annotations, unless there are
    some to be said.
    """
    ordered = sorted(members, key=_order)
    manifests = [descriptor.entry for member in ordered for descriptor in member.descriptors]
    is_docker = bool(ordered) and ordered[0].image.media_type == DOCKER_MANIFEST and not annotations
    kind = DOCKER_LIST if is_docker else OCI_INDEX
    document: dict[str, Any] = {"manifests": manifests, "mediaType": kind, "schemaVersion": 2}
    if annotations:
        document["annotations"] = dict(annotations)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).replace("/", "\\/")
    return _parsed(text.encode(), kind)


@lru_cache(maxsize=128)
def _parsed(content: bytes, kind: str) -> Document:
    """Many tags name one index, and each is looked at several times."""
    return Document.parse(content, kind)


def has_same_images(one: Document, other: Document) -> bool:
    """Whether two indexes list the same content for the same platforms in the same order, whatever they say of it."""
    return one.media_type == other.media_type and _content(one) == _content(other)


def _content(document: Document) -> list[tuple[str, str, Platform | None, str]]:
    return [(child.digest, child.media_type, child.platform, child.os_version) for child in document.children]


def _images(document: Document) -> tuple[Descriptor, ...]:
    if not document.is_index:
        return (document.descriptor(),)
    return tuple(child for child in document.children if not child.is_attestation)


def _machine(platform: Platform) -> tuple[str, str]:
    # Builders leave the variant out, or copy that of the base; the arch knows it.
    return platform.os, platform.architecture


def _attestations(image: Descriptor, document: Document) -> tuple[Descriptor, ...]:
    return tuple(child for child in document.children if child.is_attestation and child.subject == image.digest)


def _order(member: Member) -> tuple[int, str, list[int], str]:
    newest_first = [-int(number) for number in re.findall(r"\d+", member.image.os_version)]
    rank = _ARCH_ORDER.index(member.arch) if member.arch else len(_ARCH_ORDER)
    return rank, member.place[0], newest_first, member.image.digest
