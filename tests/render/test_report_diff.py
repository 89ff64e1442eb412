"""Tests of what differs between two images, as text and as a document."""

import json

from orchestrator.model.oci import OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference
from orchestrator.model.report import ImageReport, Layer, Report
from orchestrator.model.report.config import Settings, Step
from orchestrator.model.report.diff import Diff, Inventory, Origin, compared, pairs
from orchestrator.model.report.packages import Package
from orchestrator.render.report_diff import diff_document, diff_markdown
from tests.golden import expected

OLD = Settings(command=("python3",), environment={"VERSION": "1.0", "LANG": "C|UTF-8"})
NEW = Settings(command=("python3",), environment={"VERSION": "1.1"}, labels={"a": "`x`\n" + "y" * 200})
BEFORE = frozenset({Package("deb", "libc6", "2.41-12"), Package("deb", "gone", "1"), Package("deb", "same", "1")})
AFTER = frozenset({Package("deb", "libc6", "2.41-13"), Package("pypi", "pip", "25.1"), Package("deb", "same", "1")})


def image(platform: str, version: int, *, settings: Settings) -> ImageReport:
    """An image of two layers, the upper one of which is another in each version."""
    named = Descriptor(OCI_MANIFEST, digest_of(f"{platform} {version}".encode()), 7, Platform.parse(platform))
    steps = (Step(None, "ADD base", is_empty=False), Step(None, "/bin/sh -c make install", is_empty=False))
    layers = (
        Layer(Descriptor(OCI_LAYER, digest_of(platform.encode()), 30_000_000)),
        Layer(Descriptor(OCI_LAYER, digest_of(f"{platform} tool {version}".encode()), 1_500_000 * version)),
    )
    return ImageReport(named, named, settings, None, steps, layers)


def diff() -> Diff:
    """Two platforms that changed alike, one that did not, one that came, one that went."""
    old, new = (Reference.parse(f"tool:1.{number}") for number in (0, 1))
    changed = ("linux/amd64", "linux/arm64/v8")
    same = image("linux/386", 1, settings=OLD)
    before = (*(image(name, 1, settings=OLD) for name in changed), same, image("linux/arm/v7", 1, settings=OLD))
    after = (*(image(name, 2, settings=NEW) for name in changed), same, image("linux/s390x", 2, settings=NEW))
    one = Report(old, old.repository, Descriptor(OCI_INDEX, digest_of(b"one"), 7), before)
    other = Report(new, new.repository, Descriptor(OCI_INDEX, digest_of(b"other"), 7), after)
    inventories = Inventory(Origin.SBOM, BEFORE), Inventory(Origin.SBOM, AFTER)
    return Diff(one, other, tuple(compared(pair, inventories) for pair in pairs(one, other)))


def test_what_changed_alike_on_several_platforms_is_told_once() -> None:
    found = diff_markdown(diff())

    assert found == expected("reports/diff.md", found)


def test_a_document_has_every_change_in_full() -> None:
    found = json.dumps(diff_document(diff()), indent=1) + "\n"

    assert found == expected("reports/diff.json", found)


def test_packages_that_are_not_known_are_said_to_be_so() -> None:
    whole = diff()
    unknown = Inventory(Origin.DATABASES, problem="it has no package database")
    found = compared(whole.platforms[0].pair, (unknown, unknown))

    text = diff_markdown(Diff(whole.before, whole.after, (found,)))

    assert "\n\nPackages: not known; before: it has no package database; after: it has no package database\n\n" in text
