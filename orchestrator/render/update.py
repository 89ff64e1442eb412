"""What an update of versions.json found, as text for people."""

from collections.abc import Sequence

from orchestrator.model.update.outcome import LineUpdate
from orchestrator.render.summary import table


def update_table(updates: Sequence[LineUpdate]) -> str:
    """A row for each line: its release before and after, and what became of it."""
    return table(("line", "release", "what"), [(update.line, update.versions, _what(update)) for update in updates])


def _what(update: LineUpdate) -> str:
    if update.problems:
        return "could not be looked up"
    return update.sentence or "up to date"
