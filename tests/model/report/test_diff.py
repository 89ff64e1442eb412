"""Tests of what differs between two images."""

import pytest

from orchestrator.model.oci import OCI_LAYER, OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference
from orchestrator.model.report import ImageReport, Layer, Report
from orchestrator.model.report.config import Settings, Step
from orchestrator.model.report.diff import (
    Change,
    Inventory,
    LayerChange,
    MadeLayer,
    Origin,
    PackageChange,
    PackageChanges,
    Pair,
    PlatformDiff,
    changes,
    compared,
    pairs,
)
from orchestrator.model.report.packages import Package

NAME = Reference.parse("tool:1.0")


def layer(content: str) -> Layer:
    return Layer(Descriptor(OCI_LAYER, digest_of(content.encode()), len(content)))


def image(*contents: str, platform: str = "linux/amd64", settings: Settings | None = None) -> ImageReport:
    """An image whose layers were made by the words of their contents before the colon."""
    steps = tuple(Step(None, content.partition(":")[0], is_empty=False) for content in contents)
    named = Descriptor(OCI_MANIFEST, digest_of(repr((contents, settings)).encode()), 7, Platform.parse(platform))
    return ImageReport(named, named, settings or Settings(), None, steps, tuple(map(layer, contents)))


def report(*images: ImageReport) -> Report:
    return Report(NAME, NAME.repository, images[0].descriptor, images)


def made(content: str) -> MadeLayer:
    return MadeLayer(layer(content), f"RUN {content.partition(':')[0]}")


def side_by_side(before: ImageReport, after: ImageReport) -> list[tuple[str, str]]:
    """The layers of both by their contents, which the digests tell."""
    names = {digest_of(word.encode()): word for word in CONTENTS}
    rows = compared(Pair(before, after)).layers
    return [tuple(names[each.digest] if each else "" for each in (row.before, row.after)) for row in rows]  # type: ignore[misc]  # two each


CONTENTS = ("base:1", "base:2", "deps:1", "deps:2", "tool:1", "tool:2")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (["base:1", "tool:1"], ["base:1", "tool:2"], [("base:1", "base:1"), ("tool:1", "tool:2")]),
        (
            ["base:1", "tool:1"],
            ["base:2", "deps:1", "tool:2"],
            [("base:1", "base:2"), ("", "deps:1"), ("tool:1", "tool:2")],
        ),
        (
            ["base:1", "deps:1", "tool:1"],
            ["base:1", "tool:1"],
            [("base:1", "base:1"), ("deps:1", ""), ("tool:1", "tool:1")],
        ),
        (["base:1"], ["tool:1", "tool:2"], [("base:1", "tool:1"), ("", "tool:2")]),
        ([], ["base:1"], [("", "base:1")]),
    ],
)
def test_layers_stand_beside_what_made_them_before(
    before: list[str], after: list[str], expected: list[tuple[str, str]]
) -> None:
    assert side_by_side(image(*before), image(*after)) == expected


def test_images_are_paired_by_what_they_stand_for() -> None:
    old, new = image("base:1", platform="linux/arm64"), image("base:2", platform="linux/arm64/v8")
    gone, come = image("base:1"), image("base:1", platform="linux/s390x")

    found = pairs(report(gone, old), report(new, come))

    assert found == (Pair(old, new), Pair(None, come), Pair(gone, None))


def test_settings_environment_and_labels_that_changed_are_told() -> None:
    before = Settings(command=("python3",), user="me", environment={"A": "1", "B": "2"}, labels={"x": "1"})
    after = Settings(command=("bash", "-l"), environment={"A": "1", "B": "3", "C": ""}, labels={})

    found = compared(Pair(image("base:1", settings=before), image("base:1", settings=after)))

    assert (found.settings, found.environment, found.labels) == (
        (Change("command", '["python3"]', '["bash", "-l"]'), Change("user", "me", None)),
        (Change("B", "2", "3"), Change("C", None, "")),
        (Change("x", "1", None),),
    )


def test_packages_are_compared_by_kind_and_name() -> None:
    old = {Package("deb", "a", "1"), Package("deb", "b", "1"), Package("deb", "c", "1")}
    new = {Package("deb", "b", "2"), Package("deb", "c", "1"), Package("apk", "c", "1")}
    pair = Pair(image("base:1"), image("base:2"))

    found = compared(pair, (_inventory(old), _inventory(new))).packages

    changed = (
        PackageChange("apk", "c", None, "1"),
        PackageChange("deb", "a", "1", None),
        PackageChange("deb", "b", "1", "2"),
    )
    assert found == PackageChanges(Origin.SBOM, changed, kept=1)


def test_packages_of_which_one_side_is_not_known_are_not_compared() -> None:
    unknown = Inventory(Origin.DATABASES, problem="no database")
    pair = Pair(image("base:1"), image("base:2"))

    found = compared(pair, (unknown, _inventory({Package("deb", "a", "1")}))).packages

    assert found is not None
    assert found.problem == "before: no database"


@pytest.mark.parametrize("pair", [Pair(image("base:1"), image("base:1")), Pair(None, image("base:1"))])
def test_there_is_nothing_to_compare_within_one_image(pair: Pair) -> None:
    assert compared(pair) == PlatformDiff(pair)


def test_a_layer_is_kept_when_its_digest_is() -> None:
    rows = (LayerChange(made("base:1"), made("base:1")), LayerChange(made("base:1"), made("base:2")))

    assert [row.is_kept for row in rows] == [True, False]


def test_a_pair_is_for_the_platform_of_either_image() -> None:
    pair = Pair(None, image("base:1", platform="linux/arm64"))

    wanted = [{Platform("linux", "arm64", "v8")}, {Platform("linux", "amd64")}]
    assert [pair.is_for(platforms) for platforms in wanted] == [True, False]


def test_equal_names_with_equal_values_are_no_change() -> None:
    assert changes({"a": "1"}, {"a": "1"}) == ()


def _inventory(packages: set[Package]) -> Inventory:
    return Inventory(Origin.SBOM, frozenset(packages))
