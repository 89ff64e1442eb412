"""Library files as values: what the Docker Official Images build, from which commits, and under which tags.

The format is bashbrew's: https://github.com/docker-library/official-images#library-definition-files
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

DEFAULT_ARCHITECTURES = ("amd64",)
DEFAULT_GIT_FETCH = "refs/heads/master"

ORIGIN_FIELDS = {
    "GitRepo": "git_repo",
    "GitFetch": "git_fetch",
    "GitCommit": "git_commit",
    "Directory": "directory",
    "File": "file",
    "Builder": "builder",
}
"""The fields that may differ by arch, as a file writes them and as `Origin` calls them, in the order of printing."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What is built: a file in a folder of a commit, and which builder builds it."""

    git_repo: str = ""
    git_fetch: str = DEFAULT_GIT_FETCH
    """The branch or tag by which the commit can be fetched."""
    git_commit: str = ""
    directory: str = "."
    file: str = "Dockerfile"
    builder: str = ""
    """Empty leaves it to whoever builds."""


@dataclass(frozen=True, slots=True, order=True)
class Override:
    """A field of the origin that is another on one arch."""

    arch: str
    field: str
    """One of ORIGIN_FIELDS."""
    value: str

    @property
    def name(self) -> str:
        """As a file writes it: `s390x-GitCommit`."""
        return f"{self.arch}-{self.field}"


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """One image in one flavour, and in `Library.defaults` what every entry starts from."""

    maintainers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """Tags of this entry alone; the first one names it."""
    shared_tags: tuple[str, ...] = ()
    """Tags that several entries may carry."""
    architectures: tuple[str, ...] = DEFAULT_ARCHITECTURES
    """In alphabetical order."""
    origin: Origin = Origin()
    overrides: tuple[Override, ...] = ()
    """In the order of their names."""
    constraints: tuple[str, ...] = ()
    """What the builder must have; with `!` before it, what it must not have."""

    def origin_on(self, arch: str) -> Origin:
        """What is built on an arch."""
        own = {ORIGIN_FIELDS[each.field]: each.value for each in self.overrides if each.arch == arch}
        return replace(self.origin, **own)


@dataclass(frozen=True, slots=True)
class SharedTagGroup:
    """Shared tags that the same entries carry."""

    tags: tuple[str, ...]
    entries: tuple[LibraryEntry, ...]


@dataclass(frozen=True, slots=True)
class Library:
    """A library file: its first paragraph, and its entries with everything that they take from there."""

    defaults: LibraryEntry
    entries: tuple[LibraryEntry, ...]

    def architectures_of(self, tag: str) -> tuple[str, ...]:
        """The arches that a tag, shared or not, can be had for; none where no entry has it."""
        carriers = (entry for entry in self.entries if tag in (*entry.tags, *entry.shared_tags))
        return tuple(sorted({arch for entry in carriers for arch in entry.architectures}))

    @property
    def shared_tag_groups(self) -> tuple[SharedTagGroup, ...]:
        """Every shared tag once, together with those of the same entries; in the order of their first appearance."""
        carriers: dict[str, tuple[LibraryEntry, ...]] = defaultdict(tuple)
        for entry in self.entries:
            for tag in entry.shared_tags:
                carriers[tag] += (entry,)
        groups: dict[tuple[LibraryEntry, ...], tuple[str, ...]] = defaultdict(tuple)
        for tag, entries in carriers.items():
            groups[entries] += (tag,)
        return tuple(SharedTagGroup(tags, entries) for entries, tags in groups.items())


def merged(entries: Iterable[LibraryEntry]) -> tuple[LibraryEntry, ...]:
    """Entries, those that build the same joined: the first one gets the tags of the others."""
    found: dict[LibraryEntry, LibraryEntry] = {}
    for entry in entries:
        build = replace(entry, maintainers=(), tags=(), shared_tags=())
        first = found.get(build)
        found[build] = entry if first is None else _with_tags_of(first, entry)
    return tuple(found.values())


def _with_tags_of(first: LibraryEntry, other: LibraryEntry) -> LibraryEntry:
    shared_tags = tuple(dict.fromkeys((*first.shared_tags, *other.shared_tags)))
    return replace(first, tags=(*first.tags, *other.tags), shared_tags=shared_tags)
