"""Taking a run back: which of the tags that it moved may name again what they named before."""

from dataclasses import dataclass, replace
from enum import StrEnum

from orchestrator.errors import ExitCode
from orchestrator.model.oci import Document
from orchestrator.model.publishing.journal import Entry
from orchestrator.model.publishing.live import Live
from orchestrator.model.publishing.moves import Rules, lost_platforms


class Result(StrEnum):
    """What became of a tag that a run had moved."""

    RESTORED = "restored"
    WOULD_RESTORE = "would restore"
    UNCHANGED = "unchanged"
    """It names what it named before: it was put back already, or the run was killed before it came to it."""
    STAYS = "stays"
    """It named nothing before; registries do not let go of a tag without all that its digest has."""
    MOVED_SINCE = "moved since"
    GONE = "gone"
    """What it named before is not in the registry any more."""
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Restored:
    """One tag of a run, and what became of it."""

    entry: Entry
    result: Result
    code: ExitCode = ExitCode.DONE
    detail: str = ""
    document: Document | None = None
    """What the tag is to name again."""

    def failed(self, code: ExitCode, detail: str) -> "Restored":
        result = Result.MOVED_SINCE if code is ExitCode.TAG_MOVED else Result.FAILED
        return replace(self, result=result, code=code, detail=detail)


def restored(entry: Entry, now: Live, before: Live, rules: Rules) -> Restored:
    """What may become of a tag, by what it names now and what the registry still has of what it named before.

    Only what the run itself put is taken back: a tag that was moved since is left alone. The rule that a tag loses no
    platform without leave holds backwards, too; that on older checkouts does not, since going back is what was asked.
    """
    return _left_alone(entry, now) or _gone_back(entry, now, before, rules)


def _left_alone(entry: Entry, now: Live) -> Restored | None:
    """What becomes of a tag that does not name what the run put there; None where it does."""
    if now.is_damaged:
        detail = "the registry cannot read what it names; `orchestrator publish` writes it anew, take back after that"
        return Restored(entry, Result.FAILED, ExitCode.UNAVAILABLE, detail)
    if now.digest == entry.before:
        return Restored(entry, Result.UNCHANGED)
    if now.digest != entry.after:
        detail = f"it names {now.digest or 'nothing'} now, and not what the run put there"
        return Restored(entry, Result.MOVED_SINCE, ExitCode.TAG_MOVED, detail)
    return None


def _gone_back(entry: Entry, now: Live, before: Live, rules: Rules) -> Restored:
    if not entry.before:
        return Restored(entry, Result.STAYS, detail="it named nothing before, or nobody could say what")
    if before.document is None:
        detail = f"{entry.before} is no more whole in the registry; `keep_alive` in orchestrator.yaml keeps such"
        return Restored(entry, Result.GONE, ExitCode.INCOMPLETE, detail)
    if lost := lost_platforms(now.members, before.members, rules):
        detail = f"it would lose {', '.join(lost)}; allow it by --allow-drop"
        return Restored(entry, Result.REFUSED, ExitCode.PUBLISH_REFUSED, detail)
    return Restored(entry, Result.WOULD_RESTORE, document=before.document)
