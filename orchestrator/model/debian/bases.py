"""Bases that can be made from Debian's own archive: their names, what they hold, and their documents."""

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from orchestrator.model.oci import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Descriptor, Document, digest_of
from orchestrator.model.platforms import ARCHES, Platform, arch_of
from orchestrator.model.references import DOCKER_HUB, Reference

Family = Literal["busybox", "debian", "buildpack-deps"]

# `latest` is a tag of images, and no suite.
_SUITE = re.compile(r"(?!latest\b)([a-z]+)(-slim)?")
_MADE_BY = "orchestrator.made-by"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# What source code usually needs to be compiled: compilers, and headers of the libraries that languages bind to.
BUILD_PACKAGES = (
    *("autoconf", "automake", "bzip2", "ca-certificates", "curl", "dpkg-dev", "file", "g++", "gcc", "git", "gnupg"),
    *("libbz2-dev", "libc6-dev", "libcurl4-openssl-dev", "libdb-dev", "libffi-dev", "libgdbm-dev", "libgmp-dev"),
    *("liblzma-dev", "libncurses-dev", "libreadline-dev", "libsqlite3-dev", "libssl-dev", "libtool", "libxml2-dev"),
    *("libxslt1-dev", "libyaml-dev", "make", "netbase", "openssh-client", "patch", "procps", "tzdata", "unzip"),
    *("wget", "xz-utils", "zlib1g-dev"),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One base that can be made here, named as the official image that it stands in for."""

    family: Family
    suite: str
    slim: bool = False

    @classmethod
    def of(cls, name: Reference) -> Self | None:
        """The recipe of a base, or None where there is none."""
        match = _SUITE.fullmatch(name.tag)
        if name.registry != DOCKER_HUB or name.digest or match is None:
            return None
        slim = match[2] is not None
        match name.path:
            case "library/debian":
                return cls("debian", match[1], slim)
            case "library/busybox" if not slim:
                return cls("busybox", match[1])
            case "library/buildpack-deps" if not slim:
                return cls("buildpack-deps", match[1])
        return None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `debian:trixie-slim`; raises ValueError that lists what can be made."""
        recipe = cls.of(Reference.parse(text))
        if recipe is None:
            raise ValueError(
                f"{text!r} cannot be made from Debian's archive; "
                "there are debian:SUITE, debian:SUITE-slim, buildpack-deps:SUITE, busybox:SUITE (SUITE such as trixie)"
            )
        return recipe

    def __str__(self) -> str:
        return f"{self.family}:{self.tag}"

    @property
    def path(self) -> str:
        return f"library/{self.family}"

    @property
    def tag(self) -> str:
        return f"{self.suite}-slim" if self.slim else self.suite

    @property
    def packages(self) -> tuple[str, ...]:
        """What is installed beyond Debian's minimal system."""
        return BUILD_PACKAGES if self.family == "buildpack-deps" else ()

    @property
    def runs_programs(self) -> bool:
        """Whether making it runs programs of the base's own architecture."""
        return self.family != "busybox"


def import_command(name: Reference, arches: Sequence[str]) -> str | None:
    """The command that makes a stand-in of a base, or None where there is no recipe for it."""
    recipe = Recipe.of(name)
    known = [arch_name for arch_name in arches if ARCHES[arch_name].debian]
    if recipe is None or len(known) < len(arches):
        return None
    return " ".join(["orchestrator bases import", str(recipe), *(f"--arch {arch_name}" for arch_name in known)])


@dataclass(frozen=True, slots=True)
class Layer:
    """The one layer of a base that we made."""

    diff_id: str
    """Digest of the tar archive."""
    digest: str
    """Digest of its gzip form, as it is stored."""
    size: int


@dataclass(frozen=True, slots=True)
class Image:
    """The documents of a base on one arch."""

    config: bytes
    manifest: Document
    platform: Platform

    @property
    def descriptor(self) -> Descriptor:
        return self.manifest.descriptor(platform=self.platform)


def image(recipe: Recipe, *, arch_name: str, layer: Layer, made_from: str, created: dt.datetime) -> Image:
    """Describe a base; `made_from` says what it was made from, such as a package and its version.

    What it is stands in history and annotations, not in labels, which every image built on it would inherit.
    """
    platform = ARCHES[arch_name].platform
    config = _json(_config(recipe, platform, layer=layer, made_from=made_from, created=created))
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "digest": digest_of(config), "size": len(config)},
            "layers": [{"mediaType": OCI_LAYER, "digest": layer.digest, "size": layer.size}],
            "annotations": {
                **_annotations(recipe),
                "org.opencontainers.image.created": _timestamp(created),
                "org.opencontainers.image.description": _honest(made_from),
            },
        }
    )
    return Image(config, Document(OCI_MANIFEST, manifest), platform)


def is_stand_in(index: Document, recipe: Recipe) -> bool:
    """Whether an index is one that we made for the recipe, and so may extend."""
    return index.is_index and _annotations(recipe).items() <= dict(index.annotations).items()


def index(recipe: Recipe, made: Mapping[str, Descriptor], *, existing: Document | None = None) -> Document:
    """Join images by arch; arches that only the existing index has stay in it."""
    there = existing.children if existing else ()
    children = {arch.name: child for child in there if child.platform and (arch := arch_of(child.platform))}
    children.update(made)
    manifests = [
        {
            "mediaType": children[name].media_type,
            "digest": children[name].digest,
            "size": children[name].size,
            "platform": _platform(ARCHES[name].platform),
        }
        for name in ARCHES
        if name in children
    ]
    content = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": manifests,
        "annotations": _annotations(recipe),
    }
    return Document(OCI_INDEX, _json(content))


def _config(
    recipe: Recipe, platform: Platform, *, layer: Layer, made_from: str, created: dt.datetime
) -> dict[str, Any]:
    return {
        **_platform(platform),
        "created": _timestamp(created),
        "config": {"Env": [f"PATH={_PATH}"], "Cmd": ["sh" if recipe.family == "busybox" else "bash"]},
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id]},
        "history": [
            {
                "created": _timestamp(created),
                "created_by": f"orchestrator bases import {recipe}",
                "comment": _honest(made_from),
            }
        ],
    }


def _platform(platform: Platform) -> dict[str, str]:
    words = {"os": platform.os, "architecture": platform.architecture, "variant": platform.variant}
    return {key: word for key, word in words.items() if word}


def _annotations(recipe: Recipe) -> dict[str, str]:
    return {_MADE_BY: f"orchestrator bases import {recipe}"}


def _honest(made_from: str) -> str:
    return f"made from {made_from} of Debian's archive; not the official image"


def _timestamp(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
