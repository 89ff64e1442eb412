"""The library file of an image: what is published of it, as docker-library's generate-stackbrew-library.sh says it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from orchestrator.model.config import Config
from orchestrator.model.facts import Facts
from orchestrator.model.library import Library, LibraryEntry, Origin
from orchestrator.model.tags import Tags
from orchestrator.model.targets import Target
from orchestrator.model.variants import Variant

WINDOWS_ARCH = "windows-amd64"

_WINDOWS = "windows"


def is_on_windows(facts: Facts) -> bool:
    """Whether an image stands on Windows itself, of which there is no library file."""
    return facts.variant.os == _WINDOWS


@dataclass(frozen=True, slots=True)
class Committed:
    """A folder of a repository and the last commit that changed what is built there."""

    directory: str
    commit: str


def image_library(
    targets: Iterable[Target],
    tags_of: Mapping[tuple[str, Variant], Tags],
    committed: Mapping[str, Committed],
    *,
    config: Config,
) -> Library:
    """The library of these targets in their order; `committed` by the name of a target without its arch.

    BuildKit builds all but Windows, which needs the classic builder of a machine with that release of Windows.
    """
    defaults = LibraryEntry(
        maintainers=config.maintainers,
        origin=Origin(git_repo=config.git_url, git_fetch=config.git_fetch, builder="buildkit"),
    )
    arches: dict[Facts, list[str]] = {}
    for target in targets:
        arches.setdefault(target.facts, []).append(target.arch)
    return Library(
        defaults,
        tuple(
            _entry(facts, several, tags_of[facts.line, facts.variant], committed[facts.name], defaults=defaults)
            for facts, several in arches.items()
        ),
    )


def _entry(
    facts: Facts, arches: Iterable[str], tags: Tags, committed: Committed, *, defaults: LibraryEntry
) -> LibraryEntry:
    return replace(
        defaults,
        tags=tags.simple,
        shared_tags=tags.shared,
        architectures=tuple(sorted(arches)),
        origin=replace(
            defaults.origin,
            git_commit=committed.commit,
            directory=committed.directory,
            builder="classic" if is_on_windows(facts) else defaults.origin.builder,
        ),
        constraints=(facts.variant.name,) if is_on_windows(facts) else (),
    )
