"""What an update did to each line, and how a commit says it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import ExitCode

_SUBJECT_MAX = 72


@dataclass(frozen=True, slots=True)
class LineUpdate:
    """A line before and after, as versions.json has it."""

    line: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    """What a person should know."""
    problems: tuple[str, ...] = ()
    """Why the line was left as it is; empty where it could be looked up."""
    code: ExitCode = ExitCode.DONE

    @property
    def is_changed(self) -> bool:
        return self.old != self.new

    @property
    def is_moved(self) -> bool:
        """Whether it has another release now."""
        return bool(self.old["version"] != self.new["version"])

    @property
    def versions(self) -> str:
        """`3.14.6 -> 3.14.7`, or the one that it stays at."""
        return f"{self.old['version']} -> {self.new['version']}" if self.is_moved else str(self.new["version"])

    @property
    def added(self) -> tuple[str, ...]:
        """Variants that the line has now, by name."""
        return _less(self.new["variants"], self.old["variants"])

    @property
    def removed(self) -> tuple[str, ...]:
        """Variants that left the line."""
        return _less(self.old["variants"], self.new["variants"])

    @property
    def sentence(self) -> str:
        """What changed, as the subject of a commit; empty where nothing did."""
        if not self.is_changed:
            return ""
        if self.is_moved:
            return f"Update {self.phrase}"
        if self.added:
            return f"Add {', '.join(self.added)} to {self.line}"
        return f"Correct the checksums of {self.line}"

    @property
    def phrase(self) -> str:
        """Where a line went that has moved: `3.14 to 3.14.7`, with other facts that have a version."""
        return ", ".join((f"{self.line} to {self.new['version']}", *self.other_versions))

    @property
    def other_versions(self) -> tuple[str, ...]:
        """The facts besides the release that have another version now: `setuptools 80.1`."""
        return tuple(
            f"{key} {value['version']}"
            for key, value in sorted(self.new.items())
            if isinstance(value, Mapping) and "version" in value and value != self.old.get(key)
        )


def commit_message(updates: Iterable[LineUpdate]) -> str:
    """A commit's message for all that changed: a subject, and where there is more to say, a list; empty for nothing."""
    changed = [update for update in updates if update.is_changed]
    if not changed:
        return ""
    several = len(changed) > 1
    details = [f"- {detail}\n" for update in changed for detail in _details(update, with_versions=several)]
    subject = _subject(changed) if several else changed[0].sentence
    return f"{subject}\n\n{''.join(details)}" if details else f"{subject}\n"


def _subject(changed: Sequence[LineUpdate]) -> str:
    subject = f"Update {', '.join(update.phrase for update in changed)}"
    if all(update.is_moved for update in changed) and len(subject) <= _SUBJECT_MAX:
        return subject
    return f"Update {', '.join(update.line for update in changed)}"


def _details(update: LineUpdate, *, with_versions: bool) -> Iterator[str]:
    """What a commit says below its subject of a line that has changed."""
    if with_versions and update.is_moved:
        yield f"{update.line}: {', '.join((update.versions, *update.other_versions))}"
    elif with_versions:
        yield update.sentence
    if update.is_moved and update.added:
        yield f"{update.line}: with {', '.join(update.added)}"
    if update.is_moved and update.removed:
        yield f"{update.line}: without {', '.join(update.removed)}"


def document(updates: Sequence[LineUpdate], code: ExitCode) -> dict[str, Any]:
    """All of it as JSON."""
    return {
        "schema": 1,
        "exit_code": int(code),
        "commit_message": commit_message(updates),
        "lines": [
            {
                "line": update.line,
                "changed": update.is_changed,
                "old": update.old,
                "new": update.new,
                "added": list(update.added),
                "removed": list(update.removed),
                "message": update.sentence,
                "notes": list(update.notes),
                "problems": list(update.problems),
            }
            for update in updates
        ],
    }


def _less(these: Iterable[str], those: Iterable[str]) -> tuple[str, ...]:
    gone = set(those)
    return tuple(path.rpartition("/")[2] for path in these if path not in gone)
