"""Entries: each line in each variant that it is published in, at the release that this variant is built from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.model.catalog import Catalog, Line
from orchestrator.model.config import Hold
from orchestrator.model.variants import Variant


@dataclass(frozen=True, slots=True)
class Entry:
    """A line in a variant, with what is known of the release that is built."""

    line: str
    variant: Variant
    facts: Mapping[str, Any]
    """What versions.json says of the line; of a held variant, with the hold's facts laid over it."""
    hold: Hold | None
    """What keeps the variant at an older release than the line's."""

    @property
    def version(self) -> str:
        return str(self.facts["version"])


def entries(catalog: Catalog, holds: Iterable[Hold]) -> tuple[Entry, ...]:
    """All entries: the newest line first, its variants in publishing order, those that only a hold names last."""
    held = {(hold.line, variant): hold for hold in holds for variant in hold.variants}
    return tuple(
        _entry(name, line, variant, held.get((name, variant)))
        for name, line in catalog.lines
        for variant in dict.fromkeys((*line.variants, *(variant for of, variant in held if of == name)))
    )


def _entry(name: str, line: Line, variant: Variant, hold: Hold | None) -> Entry:
    # A checksum belongs to one release: the hold's mapping replaces the line's, nothing is filled in from there.
    return Entry(name, variant, {**line.facts, **(hold.facts.facts if hold else {})}, hold)
