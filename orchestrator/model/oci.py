"""Descriptors and documents of the OCI image format, checked when they are made."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NoReturn, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field, NonNegativeInt, ValidationError
from pydantic.alias_generators import to_camel

from orchestrator.model.platforms import Platform
from orchestrator.model.problems import summary_of
from orchestrator.model.references import is_digest

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFEST_TYPES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})

OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

MAX_DOCUMENT_BYTES = 4 * 1024 * 1024
"""What every registry must accept, and most no more (distribution spec, "Pushing Manifests")."""

_MAX_DEPTH = 32
_SAYS_NOTHING = frozenset({"", "application/json", "application/octet-stream", "text/plain"})
# An index that buildx writes holds, beside each image, a manifest with its attestations, marked by these annotations:
# https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
_REFERENCE_TYPE = "vnd.docker.reference.type"
_REFERENCE_DIGEST = "vnd.docker.reference.digest"
_NON_DISTRIBUTABLE = re.compile(r"\.(foreign|nondistributable)\.")
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_BRACKET = re.compile(rb"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Names content by type, digest and size in bytes; inside an index also by what it runs on."""

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    os_version: str = ""
    annotations: tuple[tuple[str, str], ...] = ()
    urls: tuple[str, ...] = ()
    os_features: tuple[str, ...] = ()
    artifact_type: str = ""

    @property
    def is_attestation(self) -> bool:
        """Whether this is provenance or SBOM that stands beside an image, and no image itself."""
        return dict(self.annotations).get(_REFERENCE_TYPE) == "attestation-manifest"

    @property
    def subject(self) -> str:
        """The digest of the image that an attestation speaks of; empty for everything else."""
        return dict(self.annotations).get(_REFERENCE_DIGEST, "")

    @property
    def is_foreign(self) -> bool:
        """Whether this is a layer that registries may lack, because its licence keeps it where `urls` say."""
        return bool(_NON_DISTRIBUTABLE.search(self.media_type))

    @property
    def entry(self) -> dict[str, Any]:
        """What stands in a document that names this; what is not given is left out."""
        entry: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.urls:
            entry["urls"] = list(self.urls)
        if self.artifact_type:
            entry["artifactType"] = self.artifact_type
        if self.annotations:
            entry["annotations"] = dict(self.annotations)
        if self.platform:
            entry["platform"] = self._platform_entry(self.platform)
        return entry

    def _platform_entry(self, platform: Platform) -> dict[str, Any]:
        given = {
            "os": platform.os,
            "architecture": platform.architecture,
            "variant": platform.variant,
            "os.version": self.os_version,
            "os.features": list(self.os_features),
        }
        return {key: value for key, value in given.items() if value or key in ("os", "architecture")}


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest or an index: the very bytes, since their digest is their name, with what they say.

    Making one checks it; raises ValueError for anything that is not a well-formed manifest or index of `media_type`.
    """

    media_type: str
    content: bytes = field(repr=False)
    digest: str = field(init=False)
    config: Descriptor | None = field(init=False, repr=False, compare=False)
    """None for an index."""
    layers: tuple[Descriptor, ...] = field(init=False, repr=False, compare=False)
    children: tuple[Descriptor, ...] = field(init=False, repr=False, compare=False)
    """What an index lists; empty for a manifest."""
    annotations: tuple[tuple[str, str], ...] = field(init=False, repr=False, compare=False)
    subject: Descriptor | None = field(init=False, repr=False, compare=False)
    """What this document speaks of, as signatures and SBOMs do that are stored beside an image."""
    artifact_type: str = field(init=False, repr=False, compare=False)
    """What kind of thing it is: its own word, or else the type of its configuration."""

    def __post_init__(self) -> None:
        body = _body(self.content, media_type=self.media_type)
        facts = {
            "digest": digest_of(self.content),
            "config": body.config.descriptor if isinstance(body, _Manifest) else None,
            "layers": tuple(entry.descriptor for entry in body.layers) if isinstance(body, _Manifest) else (),
            "children": tuple(entry.descriptor for entry in body.manifests) if isinstance(body, _Index) else (),
            "annotations": tuple(body.annotations.items()),
            "subject": body.subject.descriptor if body.subject else None,
            "artifact_type": body.artifact_type or (body.config.media_type if isinstance(body, _Manifest) else ""),
        }
        for name, value in facts.items():
            object.__setattr__(self, name, value)

    @classmethod
    def parse(cls, content: bytes, media_type: str) -> Self:
        """Read a document that came as `media_type`; parameters such as `; charset=utf-8` do not count.

        Where the type it came as is empty or says nothing, the one that the document itself names is taken.
        """
        given = media_type.partition(";")[0].strip().lower()
        if given in _SAYS_NOTHING:
            given = str(_json(content).get("mediaType", ""))
        return cls(given, content)

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def is_index(self) -> bool:
        return self.media_type in INDEX_TYPES

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """The config and the layers of a manifest, each once; nothing for an index."""
        return tuple(dict.fromkeys((self.config, *self.layers))) if self.config else ()

    def descriptor(
        self, *, platform: Platform | None = None, os_version: str = "", os_features: tuple[str, ...] = ()
    ) -> Descriptor:
        """What an index says to name this document."""
        return Descriptor(
            self.media_type,
            self.digest,
            self.size,
            platform=platform,
            os_version=os_version,
            os_features=os_features,
        )


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _digest(value: object) -> object:
    if not isinstance(value, str) or not is_digest(value):
        raise ValueError(f"{value!r} is not a sha256 digest")
    return value


_T = TypeVar("_T")

_Text = Annotated[str, Field(min_length=1)]
# Programs in Go write an empty list or map as null. Of the millions of wrong entries that a hostile document may have,
# the first says enough.
_Listed = Annotated[list[_T], FailFast(), BeforeValidator(lambda value: [] if value is None else value)]
_Annotations = Annotated[dict[str, str], BeforeValidator(lambda value: {} if value is None else value)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", alias_generator=to_camel)


class _Platform(_Part):
    os: str = ""
    architecture: str = ""
    variant: str = ""
    os_version: str = Field("", alias="os.version")
    os_features: _Listed[str] = Field([], alias="os.features")


class _Entry(_Part):
    media_type: _Text
    digest: Annotated[str, BeforeValidator(_digest)]
    size: NonNegativeInt
    platform: _Platform | None = None
    annotations: _Annotations = {}
    urls: _Listed[str] = []
    artifact_type: str = ""

    @property
    def descriptor(self) -> Descriptor:
        on = self.platform or _Platform()
        return Descriptor(
            media_type=self.media_type,
            digest=self.digest,
            size=self.size,
            platform=Platform(on.os, on.architecture, on.variant) if on.os or on.architecture else None,
            os_version=on.os_version,
            annotations=tuple(self.annotations.items()),
            urls=tuple(self.urls),
            os_features=tuple(on.os_features),
            artifact_type=self.artifact_type,
        )


class _Body(_Part):
    schema_version: Literal[2]
    media_type: str | None = None
    annotations: _Annotations = {}
    subject: _Entry | None = None
    artifact_type: str = ""


# Only one reading must be possible, so neither kind may hold what makes the other:
# https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
class _Manifest(_Body):
    config: _Entry
    layers: _Listed[_Entry]
    manifests: None = None


class _Index(_Body):
    manifests: _Listed[_Entry]
    config: None = None
    layers: None = None


def _body(content: bytes, *, media_type: str) -> _Manifest | _Index:
    if media_type not in INDEX_TYPES | MANIFEST_TYPES:
        raise ValueError(f"{media_type!r} is not the media type of an image manifest or index")
    kind = _Index if media_type in INDEX_TYPES else _Manifest
    try:
        body: _Manifest | _Index = kind.model_validate(_json(content))
    except ValidationError as error:
        raise ValueError(summary_of(error, kind)) from error
    if body.media_type not in {None, media_type}:
        raise ValueError(f"/mediaType: {body.media_type!r} came as {media_type!r}")
    return body


def _json(content: bytes) -> dict[str, Any]:
    if len(content) > MAX_DOCUMENT_BYTES:
        raise ValueError(
            f"{len(content)} bytes are too many for a manifest or index; the limit is {MAX_DOCUMENT_BYTES}"
        )
    _check_depth(content)
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except ValueError as error:
        raise ValueError(f"not a JSON document: {error}") from error
    if not isinstance(value, dict):
        raise ValueError("expected a JSON object")
    return value


def _check_depth(content: bytes) -> None:
    # Before parsing: the parser recurses, so it must never see a document that nests without end.
    depth = 0
    for bracket in _BRACKET.findall(_TEXT.sub(b"", content)):
        depth += 1 if bracket in b"[{" else -1
        if depth > _MAX_DEPTH:
            raise ValueError(f"nested deeper than {_MAX_DEPTH} levels")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Parsers differ in which of two equal keys they take, so a document with such could mean two things.
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
