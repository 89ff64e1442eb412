"""What publishing is about: for each public tag the images it should name, and what keeps it from that."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.model.oci import OCI_MANIFEST, Document
from orchestrator.model.plan import Unknown
from orchestrator.model.publishing.index import Member, assemble
from orchestrator.model.references import Reference, Repository
from orchestrator.model.repositories import Repositories
from orchestrator.model.tags import Tags, tag_order
from orchestrator.model.targets import Target
from orchestrator.model.variants import Variant

GENERATION = "dev.orchestrator.publish.generation"
"""The annotation of a published index that says which checkout made it: the time of its commit, seconds since 1970.

The commit's, not that of a target's files, whose times say nothing when a tag goes on to another line.
"""


@dataclass(frozen=True, slots=True)
class Staged:
    """A target whose build is in staging: its images there."""

    target: Target
    repository: Repository
    members: tuple[Member, ...]
    build_id: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """A tag and what it should name; held when something required is missing or unknown."""

    tag: Reference
    expected: tuple[Target, ...]
    staged: tuple[Staged, ...]
    missing: tuple[Target, ...]
    best_effort: frozenset[str]
    unknown: tuple[Unknown, ...] = ()
    """Those of which nobody can say now whether they are staged; taken for absent, the tag would move without them."""
    is_exact: bool = False
    """Whether it carries the full version, so that it keeps what it once named."""
    is_shared: bool = True
    """Whether it joins arches, and not one of an arch's own repository."""
    generation: int | None = None
    """That of our checkout; None where it is no git checkout."""

    @property
    def held_by(self) -> tuple[Target, ...]:
        """The required targets that are missing: the tag does not move while there are any."""
        required = tuple(target for target in self.missing if target.arch not in self.best_effort)
        return required or (() if self.staged else self.missing)

    @property
    def left_out(self) -> tuple[Target, ...]:
        """Missing targets of best-effort arches, without which the tag moves all the same."""
        return () if self.held_by else self.missing

    @property
    def members(self) -> tuple[Member, ...]:
        """What is staged for it, each saying its version; Docker's lists have no place to say it."""
        return tuple(
            member.holding(staged.target.facts.version) if member.image.media_type == OCI_MANIFEST else member
            for staged in self.staged
            for member in staged.members
        )

    @property
    def versions(self) -> frozenset[str]:
        return frozenset(target.facts.version for target in self.expected)

    def assembled(self, kept: Iterable[Member] = ()) -> Document:
        """The index over what is staged, and what is kept of the one before."""
        several = (*self.members, *kept)
        is_oci = any(member.image.media_type == OCI_MANIFEST for member in several)
        known = is_oci and self.generation is not None
        return assemble(several, annotations={GENERATION: str(self.generation)} if known else {})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a checkout says of public tags."""

    expected: Mapping[str, tuple[Target, ...]]
    """By tag, the targets that stand under it."""
    exact: frozenset[str] = frozenset()
    generation: int | None = None

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(dict.fromkeys(target for targets in self.expected.values() for target in targets))


Found = Mapping[Target, Staged | Unknown]
"""What staging says of targets; those that are certainly not there are left out."""


def wanted(
    targets: Iterable[Target], tags_of: Mapping[tuple[str, Variant], Tags], *, generation: int | None = None
) -> Wanted:
    """The targets that stand under each tag, over all arches."""
    expected: dict[str, list[Target]] = defaultdict(list)
    exact: set[str] = set()
    for target in targets:
        tags = tags_of[target.facts.line, target.facts.variant]
        exact.update(tags.exact)
        for tag in tags.all:
            expected[tag].append(target)
    return Wanted({tag: tuple(several) for tag, several in expected.items()}, frozenset(exact), generation)


def arch_publications(wanted: Wanted, found: Found, *, repositories: Repositories) -> tuple[Publication, ...]:
    """The tags of the per-arch repositories. What is not staged yet holds its own arch only."""
    arches = sorted({target.arch for target in wanted.targets})
    return tuple(
        _publication(repositories.arch(arch).tagged(tag), mine, wanted, found, is_shared=False, best_effort=frozenset())
        for arch in arches
        for tag in sorted(wanted.expected, key=tag_order)
        if (mine := [target for target in wanted.expected[tag] if target.arch == arch])
    )


def shared_publications(wanted: Wanted, found: Found, *, repositories: Repositories) -> tuple[Publication, ...]:
    """The tags of the public repository, in the order in which they may move."""
    best_effort = frozenset(repositories.config.best_effort)
    return tuple(
        _publication(
            repositories.shared.tagged(tag),
            wanted.expected[tag],
            wanted,
            found,
            is_shared=True,
            best_effort=best_effort,
        )
        for tag in sorted(wanted.expected, key=tag_order)
    )


def _publication(
    tag: Reference,
    expected: Sequence[Target],
    wanted: Wanted,
    found: Found,
    *,
    is_shared: bool,
    best_effort: frozenset[str],
) -> Publication:
    known = [found.get(target) for target in expected]
    return Publication(
        tag=tag,
        expected=tuple(expected),
        staged=tuple(each for each in known if isinstance(each, Staged)),
        missing=tuple(target for target in expected if target not in found),
        best_effort=best_effort,
        unknown=tuple(each for each in known if isinstance(each, Unknown)),
        is_exact=tag.tag in wanted.exact,
        is_shared=is_shared,
        generation=wanted.generation,
    )
