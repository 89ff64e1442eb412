"""What became of public tags, as text for people and as a document for programs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.model.publishing.moves import Move, Moved
from orchestrator.render.summary import short, table

_NEW = "(new)"


def moves_text(moved: Sequence[Moved]) -> str:
    """What became of tags, those with the same fate together; unchanged ones are only counted."""
    same: dict[tuple[str, ...], list[str]] = {}
    warnings: dict[str, list[str]] = {}
    for each in moved:
        if each.move is not Move.UNCHANGED:
            same.setdefault(_fate(each), []).append(each.tag.tag)
        for warning in each.warnings:
            warnings.setdefault(warning, []).append(each.tag.tag)
    text = by_fate(("repository", "result", "from", "to", "platforms", "tags"), same)
    text += "".join(f"warning: {', '.join(dict.fromkeys(tags))}: {what}\n" for what, tags in warnings.items())
    return text + f"tags: {counted(str(each.move) for each in moved)}\n"


def moves_document(moved: Iterable[Moved]) -> list[dict[str, Any]]:
    """Tags in a document."""
    return [_move_entry(each) for each in moved]


def counted(results: Iterable[str]) -> str:
    """How often there was each result."""
    return ", ".join(f"{count} {result}" for result, count in sorted(Counter(results).items())) or "none"


def by_fate(head: Sequence[str], same: Mapping[tuple[str, ...], Sequence[str]]) -> str:
    """A table of tags by what they have in common, the detail last; nothing where there are none."""
    rows = [(*fate, ", ".join(tags) + (f": {detail}" if detail else "")) for (*fate, detail), tags in same.items()]
    return table(head, rows) if rows else ""


def _fate(moved: Moved) -> tuple[str, ...]:
    """What tags must have in common to stand on one line; the detail comes last."""
    return (
        moved.tag.repository.short,
        str(moved.move),
        short(moved.before) or (_NEW if moved.after else "-"),
        short(moved.after) or "-",
        _platforms(moved),
        moved.detail.replace("\n", "; "),
    )


def _move_entry(moved: Moved) -> dict[str, Any]:
    return {
        "tag": str(moved.tag),
        "result": str(moved.move),
        "before": moved.before or None,
        "after": moved.after or None,
        "platforms": [member.platform for member in moved.publication.members],
        "kept": [member.platform for member in moved.kept],
        "left_out": [str(target) for target in moved.publication.left_out],
        "held_by": [str(target) for target in moved.publication.held_by],
        "unknown": [str(unknown.target) for unknown in moved.publication.unknown],
        "warnings": list(moved.warnings),
        "detail": moved.detail,
        "exit_code": int(moved.code),
    }


def _platforms(moved: Moved) -> str:
    count = len(moved.publication.members) + len(moved.kept)
    left_out = ", ".join(target.arch for target in moved.publication.left_out)
    return f"{count} (without {left_out})" if left_out else str(count)
