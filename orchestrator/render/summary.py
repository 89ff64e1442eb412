"""Plans and outcomes as text for people."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from orchestrator.errors import ExitCode
from orchestrator.model.outcomes import Outcome
from orchestrator.model.plan import Build, Plan, State
from orchestrator.model.publication import Move, Moved

_SHORT_DIGEST = 19
_SHORT_ID = 12
_SHOWN_REASONS = 5
_DIGEST = re.compile("sha256:[0-9a-f]{64}")
_UNITS = ("B", "kB", "MB", "GB", "TB")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Aligned columns under capitals, one row a line; the last column is as long as it is."""
    return aligned([[word.upper() for word in head], *rows])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equal length as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


def plan_text(plan: Plan) -> str:
    """Every build with its state and why it is needed, then once each what kept targets from being looked up."""
    rows = [
        (str(build.target), str(build.state), build.build_id[:_SHORT_ID], _why(build) or short(build.staged))
        for build in plan.builds
    ]
    rows += [(str(unknown.target), str(State.UNKNOWN), "-", "it could not be looked up") for unknown in plan.unknown]
    counts = Counter(state for _, state, _, _ in rows)
    total = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    problems = dict.fromkeys(f"unknown: {unknown.problem}\n" for unknown in plan.unknown)
    return table(("target", "state", "build id", "why"), rows) + f"{total}\n" + "".join(problems)


def _why(build: Build) -> str:
    """Reasons on one line; digests as far as people compare them."""
    told = [_DIGEST.sub(lambda match: short(match[0]), str(reason)) for reason in build.reasons]
    more = len(told) - _SHOWN_REASONS
    if more > 0:
        told[_SHOWN_REASONS:] = [f"and {more} more: orchestrator why {build.target}"]
    return "; ".join(told)


def outcomes_text(outcomes: Iterable[Outcome]) -> str:
    """What became of builds, one a line."""
    rows = [
        (
            outcome.target,
            str(outcome.result),
            short(outcome.digest) or "-",
            size(outcome.size) if outcome.size else "-",
            f"{outcome.seconds:.1f} s" if outcome.seconds else "-",
            f"{outcome.cached_steps}/{outcome.steps}" if outcome.steps else "-",
        )
        for outcome in outcomes
    ]
    return table(("target", "result", "digest", "size", "time", "cached"), rows)


def failure_text(outcome: Outcome, build: Build | None) -> str:
    """What to know of one failure: why, the end of its log, and the command that repeats it, where there is one."""
    lines = [f"{outcome.target}: {outcome.detail or outcome.result}"]
    if outcome.tail:
        lines += [f"  the end of out/{outcome.log}:", *(f"  | {line}" for line in outcome.tail)]
    if build is not None:
        lines.append(f"  repeat it with: {build.make_command}")
    return "\n".join([*lines, ""])


def moves_text(moved: Sequence[Moved]) -> str:
    """What became of tags, those with the same fate together; unchanged ones are only counted."""
    same: dict[tuple[str, str, str, str, str], list[str]] = {}
    for each in moved:
        if each.move is not Move.UNCHANGED:
            fate = (
                each.publication.tag.repository.short,
                str(each.move),
                short(each.after) or "-",
                _platforms(each),
                each.detail.replace("\n", "; "),
            )
            same.setdefault(fate, []).append(each.publication.tag.tag)
    rows = [
        (repository, move, digest, platforms, ", ".join(tags) + (f": {detail}" if detail else ""))
        for (repository, move, digest, platforms, detail), tags in same.items()
    ]
    counts = Counter(str(each.move) for each in moved)
    total = ", ".join(f"{count} {move}" for move, count in sorted(counts.items()))
    text = table(("repository", "result", "digest", "platforms", "tags"), rows) if rows else ""
    return text + f"tags: {total or 'none'}\n"


def moves_document(moved: Iterable[Moved], code: ExitCode) -> dict[str, Any]:
    """`out/publish.json`, schema 1."""
    return {"schema": 1, "exit_code": int(code), "tags": [_move_entry(each) for each in moved]}


def _move_entry(moved: Moved) -> dict[str, Any]:
    return {
        "tag": str(moved.publication.tag),
        "result": str(moved.move),
        "before": moved.before or None,
        "after": moved.after or None,
        "platforms": [member.platform for member in moved.publication.members],
        "left_out": [str(target) for target in moved.publication.left_out],
        "held_by": [str(target) for target in moved.publication.held_by],
        "detail": moved.detail,
        "exit_code": int(moved.code),
    }


def _platforms(moved: Moved) -> str:
    count = len(moved.publication.members)
    left_out = ", ".join(target.arch for target in moved.publication.left_out)
    return f"{count} (without {left_out})" if left_out else str(count)


def short(digest: str) -> str:
    """A digest as far as people compare it."""
    return digest[:_SHORT_DIGEST]


def size(count: int) -> str:
    """Bytes for people, in powers of 1000."""
    amount = float(count)
    for unit in _UNITS[:-1]:
        if round(amount, 1) < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} {_UNITS[-1]}"
