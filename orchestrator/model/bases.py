"""Base images: where one may be had, and which of its manifests stands for an arch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from orchestrator.model.image_config import ImageConfig
from orchestrator.model.oci import Document
from orchestrator.model.platforms import ARCHES, Platform, arch_of
from orchestrator.model.references import LOCAL, Reference, is_registry, is_repository_path

SCRATCH = Reference.parse("scratch")
"""The empty base: it is in no registry and needs no resolving."""

BUILDERS = ""
"""Stands for an arch where a stage runs on the builder's own: nobody knows it before, so a whole index is meant."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where a registry is really reached: another registry, and what stands there before each repository."""

    registry: str
    prefix: str = ""
    plain_http: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `https://mirror.example/hub`; raises ValueError."""
        url = urlsplit(text)
        prefix = url.path.strip("/")
        is_plain = url.scheme in ("http", "https") and not (url.query or url.fragment or "@" in url.netloc)
        if not (is_plain and is_registry(url.netloc) and (not prefix or is_repository_path(prefix))):
            raise ValueError(f"{text!r} is not a mirror; write it like https://mirror.example/hub, or `{LOCAL}`")
        return cls(url.netloc, prefix, plain_http=url.scheme == "http")

    def place_of(self, name: Reference) -> Reference:
        """What the mirror calls an image of the registry that it stands for."""
        path = f"{self.prefix}/{name.path}" if self.prefix else name.path
        return Reference(self.registry, path, name.tag, name.digest)


Mirrors = Mapping[str, tuple[Mirror, ...]]
"""By registry: the mirrors to ask before it, in this order."""


def mirrors(configured: Mapping[str, Sequence[str]], *, local: str = "") -> dict[str, tuple[Mirror, ...]]:
    """The mirrors that orchestrator.yaml names; `local` is the address of the embedded registry.

    Raises ValueError for a mirror that is none, and for `local` when there is no address.
    """

    def mirror(text: str) -> Mirror:
        return Mirror(local, plain_http=True) if text == LOCAL and local else Mirror.parse(text)

    return {registry: tuple(mirror(text) for text in texts) for registry, texts in configured.items()}


def needs_local(configured: Mapping[str, Sequence[str]]) -> bool:
    """Whether a mirror is the embedded registry, which must then be running."""
    return any(LOCAL in texts for texts in configured.values())


def plain_http(mirrors: Mirrors) -> frozenset[str]:
    """The registries that are spoken to in plain HTTP because a mirror's URL says so."""
    return frozenset(mirror.registry for several in mirrors.values() for mirror in several if mirror.plain_http)


def places(name: Reference, mirrors: Mirrors) -> tuple[Reference, ...]:
    """Where an image is looked for: at each mirror, then in its own registry."""
    mirrored = (mirror.place_of(name) for mirror in mirrors.get(name.registry, ()))
    return tuple(dict.fromkeys((*mirrored, name)))


@dataclass(frozen=True, slots=True)
class BaseManifest:
    """One platform of a base."""

    platform: Platform
    digest: str
    os_version: str = ""
    """Only Windows images have one, such as `10.0.26100.4061`."""


@dataclass(frozen=True, slots=True)
class ResolvedBase:
    """A base tied to the manifest of one arch."""

    name: Reference
    """As the Dockerfile calls it."""
    arch: str
    """An arch, or BUILDERS."""
    pinned: Reference
    """Where it is really pulled from, by the digest of the arch's own manifest, or of the index."""
    digest: str
    os_version: str


@dataclass(frozen=True, slots=True)
class Base:
    """A base as it was found: the place that has it, and its manifests there."""

    name: Reference
    place: Reference
    manifests: tuple[BaseManifest, ...]
    index: str = ""
    """Digest of the index; empty where it is a single manifest."""

    @property
    def arches(self) -> tuple[str, ...]:
        """The arches that it can be built on for, in the order of ARCHES."""
        found = {arch.name for manifest in self.manifests if (arch := arch_of(manifest.platform))}
        return tuple(name for name in ARCHES if name in found)

    def resolved(self, arch_name: str) -> ResolvedBase | None:
        """The base on one arch, or None; of several manifests for a platform the first counts, as BuildKit has it.

        For BUILDERS it is the index, from which BuildKit takes what it runs itself.
        """
        if arch_name == BUILDERS:
            pinned = self.place.pinned(self.index)
            return ResolvedBase(self.name, BUILDERS, pinned, self.index, os_version="") if self.index else None
        wanted = ARCHES[arch_name].platform.normal
        found = next((manifest for manifest in self.manifests if manifest.platform.normal == wanted), None)
        if found is None:
            return None
        return ResolvedBase(self.name, arch_name, self.place.pinned(found.digest), found.digest, found.os_version)

    def problem(self, missing: Iterable[str]) -> str:
        """What to say when arches are missing, or the index is for BUILDERS."""
        missing = list(missing)
        if BUILDERS in missing:
            return (
                f"base {self.name.short} at {self.place} is a single manifest, not an index; a stage with "
                "--platform=$BUILDPLATFORM needs one that BuildKit can choose from: name another base"
            )
        platforms = ", ".join(str(ARCHES[arch_name].platform) for arch_name in missing)
        there = ", ".join(dict.fromkeys(str(manifest.platform) for manifest in self.manifests)) or "none"
        return (
            f"base {self.name.short} has no {platforms}; at {self.place} it has {there}; "
            "take the arch out by `architectures` or `exclude` in orchestrator.yaml, or name another base"
        )


def manifests_of_index(index: Document) -> tuple[BaseManifest, ...]:
    """The images of an index, in its order, without attestations."""
    return tuple(
        BaseManifest(child.platform, child.digest, child.os_version)
        for child in index.children
        if child.platform and not child.is_attestation
    )


def manifest_of_config(config: bytes, *, digest: str) -> BaseManifest:
    """The one image of a base that is no index, from its configuration; raises ValueError for a malformed one."""
    found = ImageConfig.parse(config)
    return BaseManifest(found.platform, digest, found.os_version)
