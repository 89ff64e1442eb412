"""Plans and outcomes as text for people."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from orchestrator.model.outcomes import Outcome, Result
from orchestrator.model.plan import Build, Plan, State
from orchestrator.model.sizes import size
from orchestrator.model.targets import Target

_SHORT_DIGEST = 19
_SHORT_ID = 12
_SHOWN_REASONS = 5
_SHOWN_TARGETS = 3
_HASH = re.compile("(?:sha256|build):[0-9a-f]{64}")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Aligned columns under capitals, one row a line; the last column is as long as it is."""
    return aligned([[word.upper() for word in head], *rows])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equal length as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


def amount(count: int, thing: str) -> str:
    """`1 build`, `2 builds`."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def plan_text(plan: Plan) -> str:
    """Every build with its state, why it is needed and what waits for it, then what kept targets from being looked up.

    What is told of several targets alike is told once.
    """
    relations = _relations(plan)
    rows = [
        (
            *(str(build.target), str(build.state), build.build_id[:_SHORT_ID]),
            "; ".join((why_line(build) or short(build.staged), *relations(build.target))),
        )
        for build in plan.builds
    ]
    rows += [
        (
            *(str(unknown.target), str(State.UNKNOWN), "-"),
            "; ".join((unknown.problem if unknown.parent else "it could not be looked up", *relations(unknown.target))),
        )
        for unknown in plan.unknown
    ]
    counts = Counter(state for _, state, _, _ in rows)
    total = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    problems = dict.fromkeys(f"unknown: {unknown.problem}\n" for unknown in plan.unknown if not unknown.parent)
    return table(("target", "state", "build id", "why"), rows) + f"{total}\n" + "".join(problems)


def _relations(plan: Plan) -> Callable[[Target], list[str]]:
    """For whose sake a target is in the plan, and what it blocks."""
    told = (("needed by", plan.needed_by), ("blocks", plan.blocks))
    return lambda target: [f"{words} {first(of[target])}" for words, of in told if of.get(target)]


def first(several: Sequence[object]) -> str:
    """The first few of several by their names, and how many more there are."""
    names = [*map(str, several[:_SHOWN_TARGETS])]
    more = len(several) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def why_line(build: Build) -> str:
    """Reasons on one line; digests and build IDs as far as people compare them."""
    told = [_HASH.sub(lambda match: short(match[0]), str(reason)) for reason in build.reasons]
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
    """What to know of one failure: why, where, the end of its log, and the command that repeats it, if there is one."""
    lines = [f"{outcome.target}: {outcome.detail or outcome.result}"]
    if outcome.place:
        lines.append(f"  at {outcome.place}")
    if outcome.builder:
        lines.append(f"  built on: {outcome.builder}")
    if outcome.tail:
        lines += [f"  the end of out/{outcome.log}:", *(f"  | {line}" for line in outcome.tail)]
    if build is not None and outcome.result is not Result.BLOCKED:
        lines.append(f"  repeat it with: {build.make_command}")
    return "\n".join([*lines, ""])


def short(digest: str) -> str:
    """A digest as far as people compare it."""
    return digest[:_SHORT_DIGEST]
