"""What public tags name of the targets that they are for, since when, and how large it is."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from orchestrator.errors import OrchestratorError
from orchestrator.model.publishing.journal import Journal
from orchestrator.model.publishing.live import Live
from orchestrator.model.publishing.publication import wanted
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.tags import Tags
from orchestrator.model.targets import Target
from orchestrator.model.variants import Variant


class Publicity(StrEnum):
    """How far what staging has of a target is public."""

    PUBLISHED = "published"
    """The shared tags name it."""
    ARCH_ONLY = "arch tag only"
    """The tags of its own arch name it, the shared ones do not yet."""
    OLDER = "older image"
    """What is public is another image than the one that staging has or should have."""
    ABSENT = "not published"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Size:
    """How large an image was that an arch tag named; bytes as they travel."""

    since: dt.datetime
    digest: str
    """Of the index that the tag named."""
    size: int


@dataclass(frozen=True, slots=True)
class Public:
    """What is public of one target."""

    publicity: Publicity
    tag: Reference
    """The tag of its own arch by which it is judged."""
    digest: str = ""
    """Of the image; empty where there is none, or nobody can say."""
    since: dt.datetime | None = None
    """When a run made the tag name it; None where no journal tells."""
    run: str = ""
    problem: str = ""
    """Why it is unknown."""


@dataclass(frozen=True, slots=True)
class Move:
    """A run that made a tag name something."""

    run: str
    began: dt.datetime
    after: str
    """The digest."""


def moves(journals: Iterable[Journal]) -> dict[Reference, list[Move]]:
    """What these runs did to each tag, in the order of the runs."""
    found: dict[Reference, list[Move]] = defaultdict(list)
    for run in journals:
        for entry in run.entries:
            found[entry.tag].append(Move(run.run, run.began, entry.after))
    return dict(found)


@dataclass(frozen=True, slots=True)
class Found:
    """What registries say of public tags; a tag that could not be asked has the error."""

    tags: Mapping[Reference, Live | OrchestratorError] = field(default_factory=dict)
    moves: Mapping[Reference, Sequence[Move]] = field(default_factory=dict)
    """What journals say of each tag, as `moves` has it."""
    images: Mapping[Target, str | OrchestratorError] = field(default_factory=dict)
    """Digests of the images that staging has; one that could not be asked for has the error."""
    sizes: Mapping[Reference, int] = field(default_factory=dict)
    """Bytes of the layers of images as they travel, by the index or manifest that holds the one image."""


@dataclass(frozen=True, slots=True)
class Places:
    """The public tags of some targets."""

    own: Mapping[Target, Reference]
    """The tag of its own arch by which each is judged: that of its line, which stays from release to release."""
    by_all: Mapping[Target, Reference]
    """The shared tag of the same name."""
    shared: Mapping[Reference, tuple[Target, ...]]
    """Every shared tag, with those of the targets that are published under it."""

    @classmethod
    def of(
        cls, targets: Iterable[Target], tags_of: Mapping[tuple[str, Variant], Tags], repositories: Repositories
    ) -> Self:
        chosen = tuple(targets)
        words = {target: _line_tag(tags_of[target.facts.line, target.facts.variant]) for target in chosen}
        return cls(
            own={target: repositories.arch(target.arch).tagged(word) for target, word in words.items()},
            by_all={target: repositories.shared.tagged(word) for target, word in words.items()},
            shared={
                repositories.shared.tagged(tag): several for tag, several in wanted(chosen, tags_of).expected.items()
            },
        )

    @property
    def every(self) -> tuple[Reference, ...]:
        """All of these tags, each once."""
        return tuple(dict.fromkeys((*self.own.values(), *self.by_all.values(), *self.shared)))


def public(target: Target, places: Places, found: Found) -> Public:
    """What is public of a target, in the repository of its arch and in the shared one."""
    own = places.own[target]
    digests = (found.images.get(target, ""), *(_named(tag, target.arch, found) for tag in (own, places.by_all[target])))
    problems = [problem for each in digests if isinstance(each, OrchestratorError) for problem in each.problems]
    if problems:
        return Public(Publicity.UNKNOWN, own, problem="; ".join(problems))
    image, by_arch, by_all = map(str, digests)
    since = _since(own, found)
    return Public(
        _publicity(image, by_arch=by_arch, by_all=by_all),
        own,
        by_all or by_arch,
        since=since.began if since else None,
        run=since.run if since else "",
    )


def sizes(tag: Reference, found: Found) -> tuple[Size, ...]:
    """How large the images were that an arch tag named, the oldest first; those that are gone by now are left out."""
    places = ((move.began, tag.pinned(move.after)) for move in reversed(found.moves.get(tag, ())))
    return tuple(Size(since, place.digest, found.sizes[place]) for since, place in places if place in found.sizes)


@dataclass(frozen=True, slots=True)
class SharedTag:
    """One public tag for all arches."""

    tag: Reference
    targets: tuple[Target, ...]
    """Those that are published under it."""
    publicity: Publicity
    """PUBLISHED, ABSENT or UNKNOWN."""
    digest: str = ""
    """Of what it names; empty where that is nothing, or nobody can say."""
    since: dt.datetime | None = None


def shared_tags(places: Places, found: Found) -> tuple[SharedTag, ...]:
    """The shared tags, with what they name."""
    return tuple(_shared_tag(tag, targets, found) for tag, targets in places.shared.items())


def _shared_tag(tag: Reference, targets: tuple[Target, ...], found: Found) -> SharedTag:
    live, since = found.tags[tag], _since(tag, found)
    if isinstance(live, OrchestratorError):
        return SharedTag(tag, targets, Publicity.UNKNOWN)
    publicity = Publicity.PUBLISHED if live.digest else Publicity.ABSENT
    return SharedTag(tag, targets, publicity, live.digest, since.began if since else None)


def _line_tag(tags: Tags) -> str:
    return next((tag for tag in tags.simple if tag not in tags.exact), tags.simple[0])


def _named(tag: Reference, arch: str, found: Found) -> str | OrchestratorError:
    """The digest of the image that a tag names for an arch; empty where there is none."""
    live = found.tags[tag]
    if isinstance(live, OrchestratorError):
        return live
    return next((member.image.digest for member in live.members if member.arch == arch), "")


def _publicity(image: str, *, by_arch: str, by_all: str) -> Publicity:
    if not (by_arch or by_all):
        return Publicity.ABSENT
    if image and image == by_all:
        return Publicity.PUBLISHED
    return Publicity.ARCH_ONLY if image and image == by_arch else Publicity.OLDER


def _since(tag: Reference, found: Found) -> Move | None:
    """The last run that moved a tag, if that is where it stands since."""
    live = found.tags[tag]
    last = next(iter(found.moves.get(tag, ())), None)
    is_there = isinstance(live, Live) and last is not None and last.after == live.digest
    return last if is_there else None
