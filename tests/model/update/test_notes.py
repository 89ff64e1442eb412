import json
from typing import Any

import pytest

from orchestrator.model.catalog import Release
from orchestrator.model.config import Hold
from orchestrator.model.update import Artifact, Offer
from orchestrator.model.update.notes import gone, incomplete, of_release, withdrawn
from orchestrator.model.variants import Variant

SUITE, WINDOWS = Variant("trixie"), Variant("windows/windowsservercore-ltsc2025")
SOURCE = Artifact("source", "tool.xz", "https://example.org/tool.xz", ())
INSTALLER = Artifact("windows", "tool.exe", "https://example.org/tool.exe", ())
OLD: dict[str, Any] = {
    "version": "2.0.1",
    "variants": [SUITE.path, WINDOWS.path],
    "checksums": {"source": {"sha256": "1" * 64}, "windows": {"sha256": "2" * 64}},
}
HOLD = Hold(line="2.0", variants=(WINDOWS,), facts=Release(version="2.0.0"), reason="late")


def offer(version: str = "2.0.2") -> Offer:
    return Offer(version, {SUITE: (SOURCE,), WINDOWS: (INSTALLER,)}, frozenset({WINDOWS}), ())


def test_variants_that_leave_are_named_with_the_hold_that_keeps_them() -> None:
    (note,) = of_release("2.0", offer(), {SOURCE}, old=OLD, holds=())

    told, _, hold = note.partition("orchestrator.yaml: ")
    assert told == (
        "2.0: upstream has no tool.exe, so the line goes on without windowsservercore-ltsc2025; "
        "to keep what it had at 2.0.1, add this to `holds` in "
    )
    assert Hold.model_validate(json.loads(hold)) == Hold(
        line="2.0",
        variants=(WINDOWS,),
        facts=Release.model_validate({"version": "2.0.1", "checksums": {"windows": {"sha256": "2" * 64}}}),
        reason="there is no tool.exe yet",
    )


@pytest.mark.parametrize(
    ("line", "version", "there", "variants", "holds", "expected"),
    [
        ("2.0", "2.0.2", {SOURCE, INSTALLER}, [SUITE, WINDOWS], [], []),
        ("2.0", "2.0.2", {SOURCE}, [SUITE], [], []),
        ("2.0", "2.0.2", {SOURCE}, [SUITE, WINDOWS], [HOLD], []),
        (
            "2.0",
            "2.0.2",
            {SOURCE, INSTALLER},
            [SUITE],
            [HOLD],
            ["2.0: windowsservercore-ltsc2025 can have 2.0.2; delete their hold in orchestrator.yaml"],
        ),
        ("2.0-rc", "2.0.0rc1", {SOURCE, INSTALLER}, [SUITE, WINDOWS], [HOLD], []),
        (
            "2.0-rc",
            "2.0.0",
            {SOURCE, INSTALLER},
            [SUITE, WINDOWS],
            [],
            ["2.0-rc: 2.0.0 is final; rename the line to 2.0 when it is to be one"],
        ),
    ],
)
def test_holds_and_finals_are_told_where_somebody_has_to_do_something(
    line: str, version: str, there: set[Artifact], variants: list[Variant], holds: list[Hold], expected: list[str]
) -> None:
    old = {**OLD, "variants": [variant.path for variant in variants]}

    assert list(of_release(line, offer(version), there, old=old, holds=holds)) == expected


def test_notes_say_which_line_and_why() -> None:
    assert (
        incomplete("2.0", "2.0.2", ["a", "b"]),
        withdrawn("2.0", "2.0.0", "2.0.1"),
        gone("2.0", "2.0.1", ["a"]),
    ) == (
        "2.0: 2.0.2 is announced, but a, b cannot be had yet; it is left for a later run",
        "2.0: the newest release that upstream lists is 2.0.0, older than 2.0.1, which the line keeps; "
        "see whether it was withdrawn",
        "2.0: upstream has no a any more; the line stays at 2.0.1 as it is",
    )
