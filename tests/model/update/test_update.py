import json
from typing import Any

import pytest

from orchestrator.model import config as configs
from orchestrator.model.catalog import Line
from orchestrator.model.config import Config
from orchestrator.model.update import Artifact, Document, FactText, Offer, candidates, changed, offer, with_late
from orchestrator.model.variants import Variant

SUITE, ALPINE, NEW, OLD = map(
    Variant.parse,
    ("trixie", "alpine3.24", "windows/windowsservercore-ltsc2025", "windows/windowsservercore-ltsc2022"),
)
CONFIG = """
image: tool
bases: {debian: "debian:{release}", alpine: "alpine:{release}", windowsservercore: "windows:{release}"}
sources:
  - variant: [debian, alpine]
    file: tool-{version}.tar.xz
    url: https://example.org/{final_version}/tool-{version}.tar.xz
    sha256: checksums.source.sha256
  - variant: windowsservercore
    file: tool-{version}.exe
    url: https://example.org/{final_version}/tool-{version}.exe
    sha256: checksums.windows.sha256
  - {file: key.asc, url: "https://example.org/key.asc", unverified: "the build checks it"}
  - {variant: debian, file: more, url: "https://example.org/more", sha256: more.sha256}
  - {version: "<1", file: "old-{version}", url: "https://example.org/old", sha256: checksums.old.sha256}
upstream:
  listings: [{url: https://example.org/, entry: 'href="{version}/"'}]
  checksums: [{format: sigstore, url: "{url}.sigstore"}, {format: sha256sum, url: "https://example.org/{version}/SUMS"}]
  optional: [windows/windowsservercore-ltsc2025, windows/windowsservercore-ltsc2022]
  facts:
    - {key: lib.version, version: "2.0", url: "https://example.org/{version}/lib", entry: 'LIB={version}'}
    - {key: old.version, version: "<2", url: "https://example.org/{version}/old", entry: 'OLD={version}'}
"""


def config(text: str = CONFIG) -> Config:
    return configs.read(text, name="orchestrator.yaml")


def line(*variants: Variant, version: str = "2.0.1") -> Line:
    return Line.model_validate_json(json.dumps({"version": version, "variants": [each.path for each in variants]}))


def artifact(name: str, file: str, version: str) -> Artifact:
    url = f"https://example.org/2.0.2/{file}"
    sums = Document("sha256sum", f"https://example.org/{version}/SUMS")
    return Artifact(name, file, url, (Document("sigstore", f"{url}.sigstore"), sums))


SOURCE = artifact("source", "tool-2.0.2rc1.tar.xz", "2.0.2rc1")
INSTALLER = artifact("windows", "tool-2.0.2rc1.exe", "2.0.2rc1")
OFFER = Offer(
    "2.0.2rc1",
    {SUITE: (SOURCE,), ALPINE: (SOURCE,), NEW: (INSTALLER,), OLD: (INSTALLER,)},
    frozenset({NEW, OLD}),
    (FactText("lib.version", "https://example.org/2.0.2rc1/lib", "LIB={version}"),),
)


@pytest.mark.parametrize(
    ("line_name", "versions", "expected"),
    [
        ("3.14", ["3.14.2", "3.14.10", "3.14.9", "3.13.99", "3.140.0"], ("3.14.10", "3.14.9", "3.14.2")),
        ("3.14", ["3.14.0rc1", "3.14.0b1", "3.14.0"], ("3.14.0",)),
        (
            "3.15-rc",
            ["3.15.0a7", "3.15.0rc1", "3.15.0b3", "3.15.0b12", "3.15.0", "3.14.6"],
            ("3.15.0", "3.15.0rc1", "3.15.0b12", "3.15.0b3", "3.15.0a7"),
        ),
        ("3.1", ["3.14.0", "3.1.4"], ("3.1.4",)),
        ("3.14", [], ()),
    ],
)
def test_a_line_takes_its_own_finals_and_one_with_a_suffix_pre_releases_too(
    line_name: str, versions: list[str], expected: tuple[str, ...]
) -> None:
    assert candidates(versions, line_name) == expected


def test_an_offer_names_what_each_variant_needs_of_a_release() -> None:
    assert offer("2.0", line(SUITE, NEW, ALPINE), "2.0.2rc1", config()) == OFFER


def test_an_offer_that_cannot_be_filled_says_why() -> None:
    with pytest.raises(ValueError, match="there is no value 'branch'"):
        offer("2.0", line(SUITE), "2.0.2", config(CONFIG.replace("{final_version}", "{branch}")))


@pytest.mark.parametrize(
    ("there", "missing", "late", "variants"),
    [
        ({SOURCE, INSTALLER}, (), (), (SUITE, ALPINE, NEW, OLD)),
        ({SOURCE}, (), (INSTALLER.file,), (SUITE, ALPINE)),
        ({INSTALLER}, (SOURCE.file,), (), (NEW, OLD)),
        (set(), (SOURCE.file,), (INSTALLER.file,), ()),
    ],
)
def test_what_is_not_there_keeps_a_release_or_optional_variants_away(
    there: set[Artifact], missing: tuple[str, ...], late: tuple[str, ...], variants: tuple[Variant, ...]
) -> None:
    assert (OFFER.missing(there), OFFER.late(there), OFFER.variants(there)) == (missing, late, variants)


def test_an_optional_variant_that_needs_nothing_is_not_offered() -> None:
    bare = Offer("2.0.2", {SUITE: (), NEW: ()}, frozenset({NEW}), ())

    assert bare.variants(()) == (SUITE,)


@pytest.mark.parametrize(
    ("had", "available", "expected"),
    [
        ((SUITE, ALPINE), (SUITE, ALPINE, NEW, OLD), (SUITE, ALPINE, NEW, OLD)),
        ((NEW, SUITE, OLD), (SUITE, NEW, OLD), (NEW, SUITE, OLD)),
        ((SUITE, OLD), (SUITE, NEW, OLD), (SUITE, NEW, OLD)),
        ((SUITE, OLD), (SUITE,), (SUITE, OLD)),
        ((SUITE, OLD), (SUITE, NEW), (SUITE, NEW, OLD)),
    ],
)
def test_optional_variants_join_when_they_can_be_had_and_stay_with_their_release(
    had: tuple[Variant, ...], available: tuple[Variant, ...], expected: tuple[Variant, ...]
) -> None:
    assert with_late(had, available, optional=(NEW, OLD)) == expected


OLD_LINE: dict[str, Any] = {
    "version": "2.0.1",
    "variants": ["trixie", NEW.path],
    "checksums": {"source": {"sha256": "1" * 64}, "windows": {"sha256": "2" * 64}, "own": {"sha256": "3" * 64}},
    "lib": {"version": "1", "why": "kept"},
    "note": "kept",
}


def test_a_changed_line_keeps_all_that_is_not_upstreams() -> None:
    new = changed(
        OLD_LINE,
        version="2.0.2",
        variants=(SUITE,),
        checksums={"source": "4" * 64},
        managed={"source", "windows"},
        facts={"lib.version": "2", "date": "2026"},
    )

    assert new == {
        "version": "2.0.2",
        "variants": ["trixie"],
        "checksums": {"own": {"sha256": "3" * 64}, "source": {"sha256": "4" * 64}},
        "lib": {"version": "2", "why": "kept"},
        "note": "kept",
        "date": "2026",
    }


def test_a_line_without_checksums_gets_no_empty_ones() -> None:
    old = {"version": "1", "variants": ["trixie"]}

    assert changed(old, version="1", variants=(SUITE,), checksums={}, managed=(), facts={}) == old
