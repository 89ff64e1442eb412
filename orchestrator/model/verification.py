"""What an image needs to be whole, part by part, and what is wrong with the parts."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from orchestrator.errors import ExitCode, worst
from orchestrator.model.image_config import ImageConfig, is_image
from orchestrator.model.oci import INDEX_TYPES, Descriptor, Document
from orchestrator.model.platforms import ARCHES, arch_of

# https://github.com/in-toto/attestation/blob/main/spec/v1/bundle.md#file-naming-convention
_STATEMENT = "application/vnd.in-toto+json"
# The index of an OCI layout lists images of several names, and Podman's tools list one image in several compressions:
# https://github.com/opencontainers/image-spec/blob/main/annotations.md#pre-defined-annotation-keys
_TELL_APART = frozenset({"org.opencontainers.image.ref.name", "io.github.containers.compression.zstd"})


class Part(StrEnum):
    """What something is to the image that needs it."""

    INDEX = "index"
    MANIFEST = "manifest"
    ATTESTATION = "attestation"
    REFERRER = "referrer"
    """A signature or the like, which names an image as its subject."""
    CONFIG = "config"
    LAYER = "layer"
    STATEMENT = "statement"
    """What an attestation says, as in-toto has it."""


_DOCUMENTS = frozenset({Part.INDEX, Part.MANIFEST, Part.ATTESTATION, Part.REFERRER})


class State(StrEnum):
    """What is wrong with a part."""

    MISSING = "missing"
    DAMAGED = "damaged"
    """There are other bytes, or bytes that cannot be read."""
    WRONG = "wrong"
    """It is whole, but not what it is said to be."""
    UNKNOWN = "unknown"
    """It could not be looked at."""


REMEDIES: Mapping[State, str] = {
    State.MISSING: "publish its tags again; where staging has lost it too, build it again with --force",
    State.DAMAGED: "have whoever runs the registry delete this copy, for a registry replaces nothing that it believes "
    "to hold; then publish again",
    State.WRONG: "build it again with --force, then publish",
    State.UNKNOWN: "run again",
}


@dataclass(frozen=True, slots=True)
class Need:
    """One part and all that needs it."""

    descriptor: Descriptor
    part: Part
    needed_by: tuple[str, ...]
    """A tag and a platform each, such as `3.14 linux/arm64/v8`."""

    @property
    def is_document(self) -> bool:
        return self.part in _DOCUMENTS

    def problem(self, state: State, what: str, *, code: ExitCode = ExitCode.CONTRACT_BROKEN) -> "Problem":
        return Problem(self, state, what, code)


@dataclass(frozen=True, slots=True)
class Streamed:
    """What a layer turned out to be when it was read."""

    size: int
    machines: frozenset[int] = frozenset()
    """The ELF machines of its first programs."""
    diff_id: str = ""
    """The digest of its plain archive; empty where it cannot be unpacked here."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One part with what is wrong with it."""

    need: Need
    state: State
    what: str
    code: ExitCode


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found out about images of one place."""

    place: str
    """A repository, or the folder of an OCI layout."""
    images: Mapping[str, str]
    """Digests by the tags or digests that were asked for."""
    proven: Mapping[Part, int]
    """How many parts have the content that their digests say."""
    seen: int
    """How many layers are there in the right size, their content not read."""
    proven_bytes: int
    problems: tuple[Problem, ...]

    @property
    def code(self) -> ExitCode:
        return worst(problem.code for problem in self.problems)


def top(document: Document, *, name: str) -> Need:
    """The need of what a tag names."""
    part = Part.INDEX if document.is_index else Part.MANIFEST
    return Need(document.descriptor(), part, (name,))


def needs(document: Document, parent: Need) -> Iterator[Need]:
    """What a document names; `parent` is why the document itself is needed."""
    if not document.is_index:
        yield from _blobs(document, parent)
        return
    platforms = {child.digest: str(child.platform) for child in document.children}
    for child in document.children:
        if child.is_attestation:
            on = f" attestation of {platforms.get(child.subject, 'what it does not hold')}"
        else:
            on = f" {child.platform}" if child.platform else ""
        yield Need(child, _part(child), tuple(f"{name}{on}" for name in parent.needed_by))


def referring(child: Descriptor, parent: Need) -> Need:
    """The need of what refers to a document."""
    kind = child.artifact_type or child.media_type
    return Need(child, Part.REFERRER, tuple(f"{name} {kind}" for name in parent.needed_by))


def merged(several: Iterable[Need]) -> tuple[Need, ...]:
    """Each distinct part once, with all that needs it; of equal parts the first says what it is.

    Content that is said to have several sizes is several parts, for all but one of them are wrong.
    """
    found: dict[tuple[str, int], Need] = {}
    for need in several:
        key = (need.descriptor.digest, need.descriptor.size)
        first = found.setdefault(key, need)
        found[key] = replace(first, needed_by=tuple(dict.fromkeys((*first.needed_by, *need.needed_by))))
    return tuple(found.values())


def problems_of_document(need: Need, document: Document) -> Iterator[Problem]:
    """What a document that was read shows to be wrong, without what it names."""
    said, is_so = need.descriptor, document.descriptor()
    if (said.size, said.media_type) != (is_so.size, is_so.media_type):
        what = f"an index says {said.size} bytes of {said.media_type}, it has {is_so.size} of {is_so.media_type}"
        yield need.problem(State.WRONG, what)
    if need.part is Part.REFERRER and document.subject is None:
        yield need.problem(State.WRONG, "it is listed as speaking of an image, and names none")
    if need.part is Part.INDEX:
        yield from (need.problem(State.WRONG, what) for what in _oddities(tuple(_images(document))))
    images = {child.digest for child in _images(document)}
    for child in document.children:
        if child.is_attestation and child.subject not in images:
            what = f"it speaks of {child.subject or 'nothing'}, which its index does not hold"
            yield Need(child, Part.ATTESTATION, need.needed_by).problem(State.WRONG, what)


def problems_of_config(need: Need, content: bytes, images: Sequence[tuple[Descriptor, Document]]) -> Iterator[Problem]:
    """How a configuration contradicts those images that have it, as indexes say them and as their manifests are."""
    images = [(said, manifest) for said, manifest in images if is_image(manifest)]
    if not images:
        return
    try:
        found = ImageConfig.parse(content)
    except ValueError as error:
        yield need.problem(State.WRONG, f"it is no configuration of an image: {error}")
        return
    for said, manifest in images:
        if said.platform and said.platform.normal != found.platform.normal:
            yield need.problem(State.WRONG, f"it is for {found.platform}, its index says {said.platform}")
        if said.os_version and said.os_version != found.os_version:
            yield need.problem(State.WRONG, f"it is for {found.os_version}, its index says {said.os_version}")
        layers, diff_ids = len(manifest.layers), len(found.diff_ids)
        if layers != diff_ids:
            yield need.problem(State.WRONG, f"it tells of {diff_ids} layers, its manifest of {layers}")


def config_of(content: bytes) -> ImageConfig | None:
    """What a configuration says of its image; None for one that says nothing."""
    try:
        return ImageConfig.parse(content)
    except ValueError:
        return None


def problems_of_layer(need: Need, layer: Streamed, images: Sequence[tuple[Document, ImageConfig]]) -> Iterator[Problem]:
    """How a layer contradicts the images that have it, as their manifests and their configurations say them.

    A layer for which there is no program of an image's own platform is wrong; single strangers among others are not.
    Who pulls an image compares the plain archive with the configuration, and refuses another.
    """
    for platform in dict.fromkeys(config.platform for _, config in images):
        arch = arch_of(platform)
        if arch and arch.elf_machine and layer.machines and arch.elf_machine not in layer.machines:
            names = ", ".join(sorted(map(_machine_name, layer.machines)))
            yield need.problem(State.WRONG, f"it holds programs for {names}, its image is for {platform}")
    said = (
        diff_id
        for manifest, config in images
        for each, diff_id in zip(manifest.layers, config.diff_ids, strict=False)  # that lengths differ is told of both
        if each.digest == need.descriptor.digest
    )
    for diff_id in dict.fromkeys(said):
        if layer.diff_id not in ("", diff_id):
            yield need.problem(State.WRONG, f"unpacked it is {layer.diff_id}, its image's configuration says {diff_id}")


def problems_of_statement(need: Need, content: bytes, subjects: Iterable[str]) -> Iterator[Problem]:
    """How what an attestation says contradicts the image that it stands beside; one without subjects says nothing.

    https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
    """
    try:
        statement: Any = json.loads(content)
        named = {_subject(each) for each in statement.get("subject") or ()}
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        yield need.problem(State.WRONG, "it is no in-toto statement")
        return
    for subject in subjects:
        if named and subject not in named:
            yield need.problem(State.WRONG, f"it speaks of {', '.join(sorted(named))}, it stands beside {subject}")


def _images(document: Document) -> Iterator[Descriptor]:
    return (child for child in document.children if not child.is_attestation)


def _oddities(images: Sequence[Descriptor]) -> Iterator[str]:
    """What registries take and nobody means: an index of nothing, and one with images that no client ever chooses."""
    if not images:
        yield "it lists no image"
    places = Counter(
        (
            *(str(image.platform.normal), image.os_version, image.os_features),
            frozenset((key, value) for key, value in image.annotations if key in _TELL_APART),
        )
        for image in images
        if image.platform
    )
    for (platform, os_version, *_), count in places.items():
        if count > 1:
            yield f"it lists {f'{platform} {os_version}'.rstrip()} {count} times, of which clients take the first"


def _part(child: Descriptor) -> Part:
    if child.media_type in INDEX_TYPES:
        return Part.INDEX
    return Part.ATTESTATION if child.is_attestation else Part.MANIFEST


def _blobs(manifest: Document, parent: Need) -> Iterator[Need]:
    if manifest.config is not None:
        yield Need(manifest.config, Part.CONFIG, parent.needed_by)
    for layer in manifest.layers:
        yield Need(layer, Part.STATEMENT if layer.media_type == _STATEMENT else Part.LAYER, parent.needed_by)


def _subject(entry: Any) -> str:
    return f"sha256:{entry['digest']['sha256']}"


def _machine_name(machine: int) -> str:
    return "/".join(arch.name for arch in ARCHES.values() if arch.elf_machine == machine) or f"ELF machine {machine}"
