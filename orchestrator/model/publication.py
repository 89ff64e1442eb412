"""What publishing would do: for each public tag the index it should name, or why it is held."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.errors import ExitCode
from orchestrator.model.index import Member, assemble
from orchestrator.model.oci import Document
from orchestrator.model.references import Reference, Repository
from orchestrator.model.repositories import Repositories
from orchestrator.model.tags import Tags, tag_order
from orchestrator.model.targets import Target
from orchestrator.model.variants import Variant


@dataclass(frozen=True, slots=True)
class Staged:
    """A target whose build is in staging: its images there."""

    target: Target
    repository: Repository
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Publication:
    """A tag and what it should name; held when something required is missing."""

    tag: Reference
    expected: tuple[Target, ...]
    staged: tuple[Staged, ...]
    missing: tuple[Target, ...]
    best_effort: frozenset[str]

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
        return tuple(member for staged in self.staged for member in staged.members)

    @property
    def index(self) -> Document:
        return assemble(self.members)


def expected_by_tag(
    targets: Iterable[Target], tags_of: Mapping[tuple[str, Variant], Tags]
) -> Mapping[str, tuple[Target, ...]]:
    """The targets that stand under each tag, over all arches."""
    found: dict[str, list[Target]] = defaultdict(list)
    for target in targets:
        for tag in tags_of[target.facts.line, target.facts.variant].all:
            found[tag].append(target)
    return {tag: tuple(several) for tag, several in found.items()}


def arch_publications(
    expected: Mapping[str, tuple[Target, ...]],
    staged: Mapping[Target, Staged],
    *,
    repositories: Repositories,
) -> tuple[Publication, ...]:
    """The tags of the per-arch repositories. What is not staged yet holds its own arch only."""
    arches = sorted({target.arch for targets in expected.values() for target in targets})
    return tuple(
        _publication(repositories.arch(arch).tagged(tag), mine, staged, best_effort=frozenset())
        for arch in arches
        for tag in sorted(expected, key=tag_order)
        if (mine := [target for target in expected[tag] if target.arch == arch])
    )


def shared_publications(
    expected: Mapping[str, tuple[Target, ...]],
    staged: Mapping[Target, Staged],
    *,
    repositories: Repositories,
) -> tuple[Publication, ...]:
    """The tags of the public repository, in the order in which they may move."""
    best_effort = frozenset(repositories.config.best_effort)
    return tuple(
        _publication(repositories.shared.tagged(tag), expected[tag], staged, best_effort=best_effort)
        for tag in sorted(expected, key=tag_order)
    )


def _publication(
    tag: Reference, expected: Sequence[Target], staged: Mapping[Target, Staged], *, best_effort: frozenset[str]
) -> Publication:
    return Publication(
        tag=tag,
        expected=tuple(expected),
        staged=tuple(staged[target] for target in expected if target in staged),
        missing=tuple(target for target in expected if target not in staged),
        best_effort=best_effort,
    )


class Move(StrEnum):
    """What became of a tag."""

    UNCHANGED = "unchanged"
    MOVED = "moved"
    WOULD_MOVE = "would move"
    HELD = "held"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Moved:
    """A tag, what it named before and what it names now."""

    publication: Publication
    move: Move
    before: str = ""
    """The digest that the tag had; empty when it was new."""
    after: str = ""
    code: ExitCode = ExitCode.DONE
    detail: str = ""
