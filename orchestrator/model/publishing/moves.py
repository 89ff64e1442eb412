"""What becomes of public tags: which may move, to what, and what is to be said of it."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby

from orchestrator.errors import ExitCode, worst
from orchestrator.model.oci import Document
from orchestrator.model.publishing.index import Member, has_same_images
from orchestrator.model.publishing.lint import lint
from orchestrator.model.publishing.live import Live
from orchestrator.model.publishing.publication import Publication
from orchestrator.model.references import Reference
from orchestrator.model.tags import tag_order


@dataclass(frozen=True, slots=True)
class Rules:
    """What a run of publishing may do."""

    allow_drop: frozenset[str] = frozenset()
    """Platforms that a tag may lose, in every spelling that an index may have."""
    allow_older: bool = False
    """Whether an older checkout may take a tag from a newer one."""
    repair: bool = False
    """Whether to look below tags that need not move, and to bring back what is missing there."""
    dry_run: bool = False


class Move(StrEnum):
    """What became of a tag."""

    UNCHANGED = "unchanged"
    MOVED = "moved"
    WOULD_MOVE = "would move"
    REPAIRED = "repaired"
    """It names what it should, and images of it were brought back."""
    WOULD_REPAIR = "would repair"
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
    warnings: tuple[str, ...] = ()
    """What a person should know of a move that is made all the same."""
    kept: tuple[Member, ...] = ()
    """What was taken over from the index before."""
    index: Document | None = field(default=None, repr=False, compare=False)
    """What the tag is to name; None where it cannot move."""
    live: Live = field(default=Live(), repr=False, compare=False)
    """What the tag named when that was decided."""

    @property
    def tag(self) -> Reference:
        return self.publication.tag

    @property
    def is_contested(self) -> bool:
        """Whether another job moved the tag while we decided; a further look tells which of us is right."""
        return self.move is Move.FAILED and self.code is ExitCode.TAG_MOVED

    def then(self, later: "Moved") -> "Moved":
        """The same tag after a further round: what we moved stays ours unless that round says otherwise."""
        if self.move is not Move.MOVED:
            return later
        if later.move is Move.HELD:
            moved_on = f"what it stands on moved on meanwhile, so the next move is held: {later.detail}"
            return replace(self, warnings=(*self.warnings, moved_on))
        if later.move is Move.UNCHANGED:
            return self
        return replace(later, before=self.before, warnings=tuple(dict.fromkeys((*self.warnings, *later.warnings))))


def held(publication: Publication) -> Moved | None:
    """Why a tag cannot move, whatever it names now; None where nothing holds it."""
    if publication.unknown:
        problems = dict.fromkeys(unknown.problem for unknown in publication.unknown)
        code = worst(unknown.error.exit_code for unknown in publication.unknown)
        return Moved(publication, Move.HELD, code=code, detail=f"not known to be staged: {'; '.join(problems)}")
    if publication.held_by:
        names = ", ".join(str(target) for target in publication.held_by)
        return Moved(publication, Move.HELD, code=ExitCode.INCOMPLETE, detail=f"not staged: {names}")
    return None


def decided(publication: Publication, live: Live, rules: Rules) -> Moved:
    """Whether a tag that nothing holds may go from what it names to what is staged: unchanged, refused or would move.

    The same images under the same platforms are no reason to move, whoever said what of them. An index that an older
    checkout makes does not take the tag from a newer one's. Of the images before, those that nothing of ours stands for
    are kept where that is right (see `_before`), else the tag would lose them, which is refused.
    """
    before = _before(publication, live, rules)
    index = publication.assembled(before.kept)
    if live.document and has_same_images(live.document, index):
        return Moved(publication, Move.UNCHANGED, live.digest, live.digest, kept=before.kept, index=live.document)
    proposed = Moved(publication, Move.REFUSED, live.digest, index.digest)
    if not rules.allow_older and (newer := _newer(publication.generation, live.generation)):
        return replace(proposed, code=ExitCode.TAG_MOVED, detail=newer)
    if before.lost:
        detail = f"it would lose {', '.join(before.lost)}; build them, or allow it by --allow-drop"
        return replace(proposed, code=ExitCode.PUBLISH_REFUSED, detail=detail)
    warnings = (*lint(publication, live), *before.warnings)
    return replace(proposed, move=Move.WOULD_MOVE, warnings=warnings, kept=before.kept, index=index, live=live)


def in_waves(several: Iterable[Moved]) -> Iterator[Sequence[Moved]]:
    """Moves in their order: arch tags before shared ones, the most specific first; equally specific ones together.

    What a wider name points at is in its own place by then, and a crash leaves the widest where they were.
    """

    def rank(moved: Moved) -> tuple[bool, bool, int]:
        return width(moved.tag, is_shared=moved.publication.is_shared)

    for _, wave in groupby(sorted(several, key=rank), key=rank):
        yield tuple(wave)


def width(tag: Reference, *, is_shared: bool) -> tuple[bool, bool, int]:
    """Sort key: how much a tag stands for, the least first."""
    return (is_shared, *tag_order(tag.tag)[:2])


def lost_platforms(before: Iterable[Member], after: Iterable[Member], rules: Rules) -> tuple[str, ...]:
    """The platforms that a tag would lose without leave, variants spelled out."""
    kept = {member.place for member in after}
    missing = (member.place[0] for member in before if member.place not in kept)
    return tuple(dict.fromkeys(platform for platform in missing if platform not in rules.allow_drop))


@dataclass(frozen=True, slots=True)
class _Before:
    """What becomes of the images before that nothing of ours stands for."""

    kept: tuple[Member, ...]
    lost: tuple[str, ...]
    warnings: tuple[str, ...]


def _before(publication: Publication, live: Live, rules: Rules) -> _Before:
    """Sort out the images before that nothing staged stands for.

    Of a best-effort arch that is missing now, the image before is kept if its index says that it holds the version that
    is missing, and for an exact tag, which by its nature has no other; else it goes, with a warning. Of an arch that
    the tag has no target for, an exact tag keeps it: what an exact version was published for, it stays published for.
    """
    ours = {member.place for member in publication.members}
    absent = {target.arch: target.facts.version for target in publication.left_out}
    kept: list[Member] = []
    lost: list[Member] = []
    warnings = [f"without {target}, which is not staged" for target in publication.left_out]
    for member in live.members:
        if member.place in ours:
            continue
        versions = frozenset({absent[member.arch]}) if member.arch in absent else publication.versions
        is_same = member.version in versions or (publication.is_exact and not member.version)
        if member.place[0] in rules.allow_drop:
            warnings += [f"an exact tag loses {member.platform}"] if publication.is_exact else []
        elif is_same and (publication.is_exact or member.arch in absent):
            kept.append(member)
            warnings.append(f"keeps {member.platform} as it was")
        elif member.arch in absent:
            warnings.append(f"loses {member.platform}, which holds {member.version or 'a version it does not say'}")
        else:
            lost.append(member)
    return _Before(tuple(kept), lost_platforms(lost, (), rules), tuple(warnings))


def _newer(ours: int | None, live: int | None) -> str:
    """Why what a tag names is newer than what we have; empty where it is not, or where it does not say."""
    if live is None or (ours is not None and ours >= live):
        return ""
    mine = "the commit of this checkout is not known" if ours is None else f"this checkout is of {_date(ours)}"
    return (
        f"a checkout of {_date(live)} published what it names, and {mine}; "
        "publish from a newer commit, or allow it by --allow-older"
    )


def _date(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
