"""What a tag named at a moment, as far as the journals of runs tell."""

import datetime as dt
from collections.abc import Iterable

from orchestrator.model.publishing.journal import Journal
from orchestrator.model.references import Reference


def moment(text: str) -> dt.datetime:
    """A moment in UTC from ISO 8601; a day means its end. Raises ValueError."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no date; write it like 2026-01-31 or 2026-01-31T12:00") from None
    if len(text) <= len("2026-01-31"):
        found += dt.timedelta(days=1)
    return found.astimezone(dt.UTC) if found.tzinfo else found.replace(tzinfo=dt.UTC)


def digest_at(runs: Iterable[Journal], tag: Reference, when: dt.datetime) -> str:
    """The digest that a tag named just before a moment; empty where no run tells, or it named nothing.

    The last run before that moved the tag tells, else the first one after it by what it found there.
    """
    moves = [(run.began, entry) for run in runs for entry in run.entries if entry.tag == tag and entry.is_done]
    moves.sort(key=lambda move: move[0])
    before = [entry for began, entry in moves if began < when]
    after = [entry for began, entry in moves if began >= when]
    if before:
        return before[-1].after
    return after[0].before if after else ""
