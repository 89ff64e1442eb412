"""What a README shows of an image: its names, the tags that there are, and where their Dockerfiles are."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from orchestrator.model.config import Config
from orchestrator.model.config.readme import fill_link
from orchestrator.model.library import Library, LibraryEntry
from orchestrator.model.readme.git_pages import file_page
from orchestrator.model.references import DOCKER_HUB, LOCAL, Repository
from orchestrator.model.repositories import Repositories

PLAIN = ""
"""The flavour of what belongs to no other."""

_MAIN_ARCH = "amd64"
"""The arch whose Dockerfile stands for those of all others."""
_HUB = "https://hub.docker.com"
_OFFICIAL = "library/"


@dataclass(frozen=True, slots=True)
class Listed:
    """The tags of an entry, and the page of its Dockerfile, which is empty where none is known."""

    tags: tuple[str, ...]
    page: str


@dataclass(frozen=True, slots=True)
class ListedTogether:
    """Shared tags that stand for the same entries."""

    tags: tuple[str, ...]
    entries: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class TagLists:
    """The tags of a README."""

    simple: tuple[Listed, ...]
    shared: tuple[ListedTogether, ...]
    left_out: tuple[str, ...] = ()
    """The patterns of tags that are not listed."""


@dataclass(frozen=True, slots=True)
class Flavour:
    """Entries that one text describes, such as `slim`; `PLAIN` for those that no other text is about."""

    word: str
    tag: str
    """A tag for examples, which moves on with releases: `3-slim`."""
    releases: tuple[str, ...]
    """The releases that its tags name: `trixie`, `alpine3.24`; in the order of the entries."""


@dataclass(frozen=True, slots=True)
class PublishedTags:
    """The tags that a registry has, in the repository of all arches and in that of each."""

    shared: frozenset[str]
    of_arch: Mapping[str, frozenset[str]]


def repository(config: Config, arch: str | None) -> Repository:
    """The repository of an arch, or of all; what goes to the local registry is called as on Docker Hub."""
    registry = DOCKER_HUB if config.registry == LOCAL else config.registry
    repositories = Repositories(registry, config)
    return repositories.arch(arch) if arch else repositories.shared


def image_name(config: Config, arch: str | None) -> str:
    """What is pulled: `python`, `amd64/python`, `ghcr.io/example/python`."""
    return (config.public_name if arch is None else "") or repository(config, arch).short


def page_of(where: Repository, config: Config) -> str:
    """The page of a repository; empty where none is known."""
    if config.readme.pages:
        return fill_link(config.readme.pages, {"repository": where.path})
    if where.registry != DOCKER_HUB:
        return ""
    is_official = where.path.startswith(_OFFICIAL)
    return f"{_HUB}/_/{where.short}" if is_official else f"{_HUB}/r/{where.path}/"


def architectures(library: Library) -> tuple[str, ...]:
    """Every arch that an entry is for, in alphabetical order; READMEs of single arches name all of them too."""
    return tuple(sorted({arch for entry in library.entries for arch in entry.architectures}))


def existing(library: Library, published: PublishedTags, *, arch: str | None) -> Library:
    """The library without the tags that the repository of an arch, or of all, does not have.

    An entry stays for those arches whose repositories have a tag of its own; where none is left, it goes.
    """
    there = published.shared if arch is None else published.of_arch.get(arch, frozenset())
    found: list[LibraryEntry] = []
    for entry in library.entries:
        arches = tuple(each for each in entry.architectures if not published.of_arch[each].isdisjoint(entry.tags))
        # Entries of other arches stay for their arches, which every README names.
        if arches and (arch is not None or not there.isdisjoint(entry.tags)):
            tags = tuple(tag for tag in entry.tags if tag in there)
            shared_tags = tuple(tag for tag in entry.shared_tags if tag in there)
            found.append(replace(entry, tags=tags, shared_tags=shared_tags, architectures=arches))
    return replace(library, entries=tuple(found))


def entries_for(library: Library, arch: str | None) -> tuple[LibraryEntry, ...]:
    """The entries of an arch, or all."""
    return tuple(entry for entry in library.entries if arch is None or arch in entry.architectures)


def tag_lists(library: Library, *, arch: str | None, without: Iterable[str] = ()) -> TagLists:
    """The tags of an arch, or of all; `without` entries that have a tag of their own like one of these patterns.

    Groups of shared tags are those of the whole library: https://github.com/docker-library/docs (arch-specific docs).
    """
    patterns = tuple(without)
    of_arch = entries_for(library, arch)
    kept = [entry for entry in of_arch if not any(_is_like(entry, pattern) for pattern in patterns)]
    listed = {entry: _listed(entry, arch) for entry in kept}
    groups = (
        ListedTogether(group.tags, tuple(listed[entry] for entry in group.entries if entry in listed))
        for group in library.shared_tag_groups
    )
    return TagLists(
        simple=tuple(listed.values()),
        shared=tuple(group for group in groups if group.entries),
        left_out=tuple(pattern for pattern in patterns if any(_is_like(entry, pattern) for entry in of_arch)),
    )


def idle_patterns(library: Library, patterns: Iterable[str]) -> tuple[str, ...]:
    """The patterns that no entry has a tag of its own like."""
    return tuple(pattern for pattern in patterns if not any(_is_like(entry, pattern) for entry in library.entries))


def flavours(entries: Iterable[LibraryEntry], words: Collection[str]) -> tuple[Flavour, ...]:
    """The flavours that these entries have, the plain one first, then in the order of the entries.

    A library file does not say flavours, so they are found in tags: the words of a tag behind the version, with or
    without the digits of a release, as `words` has them.
    """
    found: dict[str, list[LibraryEntry]] = {PLAIN: []}
    for entry in entries:
        found.setdefault(_word(entry, words), []).append(entry)
    return tuple(_flavour(word, several) for word, several in found.items() if several)


def example_tag(tags: Iterable[str]) -> str:
    """A tag that moves on with releases: the shortest that begins with a digit, or else the shortest."""
    return min(tags, key=lambda tag: (not tag[0].isdigit(), len(tag)))


def _is_like(entry: LibraryEntry, pattern: str) -> bool:
    return any(fnmatchcase(tag, pattern) for tag in entry.tags)


def _listed(entry: LibraryEntry, arch: str | None) -> Listed:
    shown = arch or (_MAIN_ARCH if _MAIN_ARCH in entry.architectures else entry.architectures[0])
    return Listed(entry.tags, file_page(entry.origin_on(shown)))


def _word(entry: LibraryEntry, words: Collection[str]) -> str:
    """The first word of an entry's tags that is one of these."""
    parts = [part for tag in entry.tags for part in reversed(tag.split("-"))]
    candidates = (word for part in parts for word in (part, part.rstrip(".0123456789")))
    return next((word for word in candidates if word and word in words), PLAIN)


def _flavour(word: str, entries: Sequence[LibraryEntry]) -> Flavour:
    tags = [tag for entry in entries for tag in (*entry.tags, *entry.shared_tags)]
    named = [tag for tag in tags if word == PLAIN or word in tag.split("-")]
    firsts = [entry.tags[0] for entry in entries]
    releases = dict.fromkeys(first.rpartition("-")[2] for first in firsts if "-" in first)
    return Flavour(word, example_tag(named or tags), tuple(releases))
