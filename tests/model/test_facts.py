import json
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.model import catalog as catalogs
from orchestrator.model.config import Config
from orchestrator.model.facts import Facts, Source, facts, fill
from orchestrator.model.variants import Variant

SHA256 = "0a" * 32
CATALOG = catalogs.read(
    json.dumps(
        {
            "3.14": {
                "version": "3.14.6",
                "variants": ["trixie", "slim-trixie"],
                "checksums": {"tar": {"sha256": SHA256}},
            },
            "3.15-rc": {"version": "3.15.0b3", "variants": ["slim-trixie"], "extra": {"more": ["a"]}, "words": ["a"]},
        }
    ),
    name="versions.json",
)
BASES = {"slim": "debian:{release}-slim", "debian": "debian:{release}"}
VERIFIED = {
    "version": "3.14",
    "file": "x-{version}.tgz",
    "url": "https://example.org/x",
    "sha256": "checksums.tar.sha256",
}


def _config(**keys: Any) -> Config:
    return Config.model_validate({"image": "python", "bases": BASES, **keys})


def test_facts_are_those_of_each_line_in_each_variant_newest_line_first() -> None:
    config = _config(sources=[VERIFIED], values=[{"variant": "debian", "set": {"packages": ["tk-dev"]}}])

    found = facts(CATALOG, config)

    assert [known.name for known in found] == ["3.15-rc/slim-trixie", "3.14/trixie", "3.14/slim-trixie"]
    assert found[1] == Facts(
        line="3.14",
        variant=Variant("trixie"),
        base="debian:trixie",
        sources=(Source("x-3.14.6.tgz", "https://example.org/x", SHA256),),
        values={
            "checksums": {"tar": {"sha256": SHA256}},
            "final_version": "3.14.6",
            "group": "debian",
            "line": "3.14",
            "packages": ["tk-dev"],
            "release": "trixie",
            "variant": "trixie",
            "version": "3.14.6",
        },
    )
    assert found[0].version == "3.15.0b3"
    assert (found[0].values["final_version"], found[0].values["extra"]) == ("3.15.0", {"more": ["a"]})


def test_rules_apply_from_top_to_bottom() -> None:
    config = _config(
        values=[
            {"set": {"words": ["x"]}},
            {"variant": "slim", "add": {"words": ["y"], "others": ["z"]}},
            {"version": ">=3.15", "add": {"words": ["w"]}},
        ]
    )

    words = {known.name: (known.values["words"], known.values.get("others")) for known in facts(CATALOG, config)}

    assert words == {
        "3.15-rc/slim-trixie": (("x", "y", "w"), ("z",)),
        "3.14/trixie": (["x"], None),
        "3.14/slim-trixie": (("x", "y"), ("z",)),
    }


HOLD = {"line": "3.14", "variants": ["slim-trixie"], "facts": {"version": "3.14.5"}, "reason": "x"}


def test_a_held_variant_has_the_facts_of_the_hold_and_what_the_line_says_besides() -> None:
    older = {"version": "3.14.5", "checksums": {"tar": {"sha256": "0b" * 32}}}
    catalog = catalogs.read(
        json.dumps({"3.14": {"version": "3.14.6", "variants": ["slim-trixie", "trixie"], "setuptools": "79"}}),
        name="versions.json",
    )

    held, other = facts(catalog, _config(holds=[{**HOLD, "facts": older}], sources=[{**VERIFIED, "variant": "slim"}]))

    assert (held.version, held.values["final_version"], held.values["setuptools"]) == ("3.14.5", "3.14.5", "79")
    assert held.sources == (Source("x-3.14.5.tgz", "https://example.org/x", "0b" * 32),)
    assert (held.hold and held.hold.reason, other.version, other.hold) == ("x", "3.14.6", None)


def test_a_hold_does_not_borrow_the_checksum_of_the_newer_release() -> None:
    with pytest.raises(InputError) as error:
        facts(CATALOG, _config(holds=[HOLD], sources=[VERIFIED]))

    assert error.value.problems == (
        "3.14/slim-trixie, held at 3.14.5: there is no `checksums.tar.sha256`, the checksum of x-3.14.5.tgz",
    )


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"bases": {"slim": "x"}}, ["3.14/trixie: `bases` in the configuration names none for trixie or debian"]),
        (
            {"bases": {"slim": "x", "debian": "y:{relase}"}},
            [
                "3.14/trixie: 'y:{relase}': there is no value 'relase'; "
                "there are final_version, group, line, release, variant, version"
            ],
        ),
        (
            {"bases": {"slim": "x", "debian": "y:{checksums}"}},
            ["3.14/trixie: 'y:{checksums}': the value 'checksums' is not text"],
        ),
        (
            {"sources": [{**VERIFIED, "sha256": "checksums.zip.sha256", "variant": "slim"}]},
            ["3.14/slim-trixie: there is no `checksums.zip.sha256`, the checksum of x-3.14.6.tgz"],
        ),
        (
            {"sources": [{**VERIFIED, "sha256": "version", "variant": "slim"}]},
            ["3.14/slim-trixie: `version`, the checksum of x-3.14.6.tgz: '3.14.6' is not a sha256"],
        ),
        (
            {"sources": [{**VERIFIED, "file": "../{version}", "variant": "slim"}]},
            [
                "3.14/slim-trixie: '../3.14.6' is not a plain file name; "
                "it must do without slashes and start with a letter or digit"
            ],
        ),
        (
            {"sources": [{**VERIFIED, "file": "--help", "variant": "slim"}]},
            [
                "3.14/slim-trixie: '--help' is not a plain file name; "
                "it must do without slashes and start with a letter or digit"
            ],
        ),
        (
            {"sources": [{**VERIFIED, "url": "file:///etc/passwd", "variant": "slim"}]},
            ["3.14/slim-trixie: 'file:///etc/passwd' is not a URL; write it like https://example.org/path"],
        ),
        (
            {"sources": [{**VERIFIED, "variant": "slim"}, VERIFIED]},
            ["3.14/slim-trixie: several sources are called x-3.14.6.tgz; give each its own `file`"],
        ),
        (
            {"values": [{"set": {"word": "x"}}, {"variant": "debian", "add": {"word": ["y"]}}]},
            ["3.14/trixie: `add` cannot make 'word' longer, it is not a list; use `set`"],
        ),
        (
            {"bases": {}},
            [
                "3.15-rc/slim-trixie: `bases` in the configuration names none for slim-trixie or slim",
                "3.14/trixie: `bases` in the configuration names none for trixie or debian",
                "3.14/slim-trixie: `bases` in the configuration names none for slim-trixie or slim",
            ],
        ),
    ],
)
def test_every_rule_that_does_not_fit_is_named(keys: dict[str, Any], expected: list[str]) -> None:
    with pytest.raises(InputError) as error:
        facts(CATALOG, _config(**keys))

    assert error.value.problems == tuple(expected)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("plain", "plain"), ("{a}{b}-{a}", "xy-x"), ("{c}", "{a}"), ("{ a }", "{ a }"), ("{{a}}", "{x}"), ("", "")],
)
def test_fill_replaces_placeholders_once(pattern: str, expected: str) -> None:
    assert fill(pattern, {"a": "x", "b": "y", "c": "{a}"}) == expected
