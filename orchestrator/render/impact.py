"""What stands on a base image, as text for people and as a document for programs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.errors import ExitCode
from orchestrator.model.facts import Facts
from orchestrator.model.plan.impact import Impact, Standing
from orchestrator.model.references import Reference
from orchestrator.render.summary import amount, short, table

Arches = Mapping[Facts, tuple[str, ...] | None]
"""The arches that each is built for; None: those of its base, which nobody was asked for."""


def standing_text(base: Reference, standing: Sequence[Standing], arches: Arches) -> str:
    """Every Dockerfile that stands on a base, with its builds and the stages concerned."""
    rows = [(each.facts.name, _arches(arches[each.facts]), _where(each)) for each in standing]
    builds = sum(len(arches[each.facts] or ()) for each in standing)
    more = " and those of open architectures" if any(arches[each.facts] is None for each in standing) else ""
    return table(("target", "architectures", "stages"), rows) + (
        f"{base.short} is below {amount(len(rows), 'target')}: "
        f"when it moves, {amount(builds, 'build')}{more} will be needed\n"
    )


def impacts_text(base: Reference, found: Sequence[Impact]) -> str:
    """Every build that stands on a base with what becomes of it."""
    rows = [(str(each.target), str(each.effect), short(each.before), short(each.after) or "-") for each in found]
    counts = Counter(str(each.effect) for each in found)
    total = ", ".join(f"{count} {effect}" for effect, count in sorted(counts.items()))
    return table(("target", "then", "base now", "base then"), rows) + f"{base.short}: {total or 'no builds'}\n"


def impact_document(
    base: Reference, standing: Sequence[Standing], arches: Arches, found: Sequence[Impact] | None
) -> dict[str, Any]:
    """What `impact --format json` prints, schema 1; `builds` is null where no digest was asked about."""
    return {
        "schema": 1,
        "exit_code": int(ExitCode.DONE),
        "base": str(base),
        "targets": [
            {
                "target": each.facts.name,
                "architectures": _listed(arches[each.facts]),
                "stages": list(each.stages),
                "through": list(each.through),
            }
            for each in standing
        ],
        "builds": None
        if found is None
        else [
            {
                "target": str(each.target),
                "effect": str(each.effect),
                "before": each.before,
                "after": each.after or None,
            }
            for each in found
        ],
    }


def _where(standing: Standing) -> str:
    through = f"through {', '.join(standing.through)}" if standing.through else ""
    return "; ".join(filter(None, (" ".join(standing.stages), through)))


def _arches(names: tuple[str, ...] | None) -> str:
    return "those of its base" if names is None else " ".join(names)


def _listed(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)
