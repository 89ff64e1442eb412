"""Assembles indexes: which manifests stand in one, in which order, in which bytes."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from orchestrator.model.oci import OCI_INDEX, Descriptor, Document
from orchestrator.model.platforms import ARCHES, Platform

_ARCH_ORDER = tuple(ARCHES)
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Member:
    """One image of an index with the attestations that speak of it."""

    arch: str
    image: Descriptor
    attestations: tuple[Descriptor, ...] = ()

    @property
    def platform(self) -> str:
        """The platform for people, with the release of Windows where there is one."""
        version = f" {self.image.os_version}" if self.image.os_version else ""
        return f"{self.image.platform}{version}"


def members(staged: Document, *, arch: str) -> tuple[Member, ...]:
    """The images of a staged index, each with its attestations; attestations of what is not there are dropped."""
    images = [child for child in staged.children if not child.is_attestation]
    return tuple(
        Member(arch, image, tuple(child for child in staged.children if child.subject == image.digest))
        for image in images
    )


def assemble(members: Iterable[Member], *, annotations: Mapping[str, str] = _NONE) -> Document:
    """The index over these images, in its one spelling: equal members and annotations give equal bytes.

    Order, spelling of platforms and of the JSON (sorted keys, no white space, `/` written as `\\/`) are those of
    perl-bashbrew's put-multiarch, so that the same members have the same digest there and here. Several builds of
    Windows stand newest first.
    """
    ordered = sorted(members, key=_order)
    manifests = [_entry(descriptor) for member in ordered for descriptor in (_normal(member), *member.attestations)]
    document: dict[str, Any] = {"manifests": manifests, "mediaType": OCI_INDEX, "schemaVersion": 2}
    if annotations:
        document["annotations"] = dict(annotations)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).replace("/", "\\/")
    return Document.parse(text.encode(), OCI_INDEX)


def lost(live: Document, members: Sequence[Member]) -> tuple[str, ...]:
    """The platforms that a live index has and these members lack, variants spelled out.

    The release of Windows counts, its patch does not.
    """
    kept = {_identity(ARCHES[member.arch].platform, member.image.os_version) for member in members}
    there = [
        _identity(child.platform, child.os_version)
        for child in live.children
        if child.platform and not child.is_attestation
    ]
    return tuple(dict.fromkeys(platform for platform, release in there if (platform, release) not in kept))


def _identity(platform: Platform, os_version: str) -> tuple[str, str]:
    # 10.0.26100.4061: the third number is the release; the fourth moves with every patch.
    return str(platform.normal), ".".join(os_version.split(".")[:3])


def _order(member: Member) -> tuple[int, list[int], str]:
    newest_first = [-int(number) for number in re.findall(r"\d+", member.image.os_version)]
    return _ARCH_ORDER.index(member.arch), newest_first, member.image.digest


def _normal(member: Member) -> Descriptor:
    return replace(member.image, platform=ARCHES[member.arch].platform)


def _entry(descriptor: Descriptor) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
    }
    if descriptor.urls:
        entry["urls"] = list(descriptor.urls)
    if descriptor.artifact_type:
        entry["artifactType"] = descriptor.artifact_type
    if descriptor.annotations:
        entry["annotations"] = dict(descriptor.annotations)
    if descriptor.platform:
        platform = descriptor.platform
        entry["platform"] = {"os": platform.os, "architecture": platform.architecture}
        if platform.variant:
            entry["platform"]["variant"] = platform.variant
        if descriptor.os_version:
            entry["platform"]["os.version"] = descriptor.os_version
        if descriptor.os_features:
            entry["platform"]["os.features"] = list(descriptor.os_features)
    return entry
