from typing import Any

from orchestrator.model.catalog import Catalog
from orchestrator.model.config import Config
from orchestrator.model.entries import entries
from orchestrator.model.variants import Variant

OLD = {"version": "3.14.5", "checksums": {"windows": {"sha256": "0a" * 32}}}
CATALOG = Catalog.model_validate(
    {
        "3.13": {"version": "3.13.9", "variants": ["trixie"]},
        "3.14": {
            "version": "3.14.6",
            "variants": ["trixie", "windows/windowsservercore-ltsc2022"],
            "checksums": {"source": {"sha256": "0b" * 32}},
            "extra": "kept",
        },
    }
)


def _found(*holds: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    config = Config.model_validate({"image": "tool", "holds": [{"reason": "late", **hold} for hold in holds]})
    every = entries(CATALOG, config.holds)
    return [(entry.line, entry.variant.name, entry.version, entry.hold is not None) for entry in every]


def test_without_a_hold_every_variant_is_at_the_release_of_its_line() -> None:
    assert _found() == [
        ("3.14", "trixie", "3.14.6", False),
        ("3.14", "windowsservercore-ltsc2022", "3.14.6", False),
        ("3.13", "trixie", "3.13.9", False),
    ]


def test_a_hold_takes_variants_that_are_listed_in_their_place_and_adds_others_at_the_end() -> None:
    variants = ["windows/windowsservercore-ltsc2025", "trixie"]

    assert _found({"line": "3.14", "variants": variants, "facts": OLD}) == [
        ("3.14", "trixie", "3.14.5", True),
        ("3.14", "windowsservercore-ltsc2022", "3.14.6", False),
        ("3.14", "windowsservercore-ltsc2025", "3.14.5", True),
        ("3.13", "trixie", "3.13.9", False),
    ]


def test_the_facts_of_a_hold_stand_for_those_of_the_line_as_a_whole() -> None:
    held = {"line": "3.14", "variants": "trixie", "facts": OLD, "reason": "late"}

    first = entries(CATALOG, Config.model_validate({"image": "tool", "holds": [held]}).holds)[0]

    assert (first.variant, first.facts) == (
        Variant("trixie"),
        {"version": "3.14.5", "checksums": {"windows": {"sha256": "0a" * 32}}, "extra": "kept"},
    )
