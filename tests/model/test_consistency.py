import datetime as dt
import json
from typing import Any

import pytest

from orchestrator.model import catalog as catalogs
from orchestrator.model.config import Config
from orchestrator.model.consistency import expired, problems
from orchestrator.model.problems import Problem

CATALOG = catalogs.read(
    json.dumps(
        {
            "3.13": {"version": "3.13.9", "variants": ["trixie", "slim-trixie", "alpine3.23"]},
            "3.14": {"version": "3.14.6", "variants": ["trixie", "slim-trixie", "alpine3.24"]},
        }
    ),
    name="versions.json",
)
RULE = {"reason": "x"}
HOLD = {**RULE, "line": "3.14", "variants": ["slim-trixie"], "facts": {"version": "3.14.5"}}
LATE = {**RULE, "line": "3.14", "variants": ["windows/windowsservercore-ltsc2025"], "facts": {"version": "3.14.5"}}
KNOWN = "alpine, alpine3.23, alpine3.24, debian, slim, slim-trixie, trixie, windowsservercore"


def _config(**keys: Any) -> Config:
    return Config.model_validate({"image": "python", **keys})


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"aliases": {"3.14": ["3", "latest"], "3.13": ["old"]}},
        {"bases": {"slim": "x", "windowsservercore": "y", "alpine3.24": "z"}},
        {"architectures": {"slim-trixie": ["amd64"], "windowsservercore": ["windows-amd64"]}},
        {"exclude": [{**RULE, "arch": "s390x", "variant": "alpine", "version": ">=3.14"}]},
        {"architectures": {"alpine": ["amd64", "s390x"]}, "exclude": [{**RULE, "arch": "s390x", "variant": "alpine"}]},
        {"tests": [{"name": "x", "command": ["x"], "variant": "windowsservercore", "version": ">=3.13"}]},
        {"values": [{"version": "<3.14", "set": {"x": "y"}}]},
        {"arch_namespaces": {"amd64": "other"}},
        {"holds": [HOLD, LATE]},
        {"holds": [LATE], "bases": {"windowsservercore-ltsc2025": "x"}},
        {"holds": [HOLD, {**HOLD, "line": "3.13", "facts": {"version": "3.13.9rc1"}}]},
    ],
)
def test_a_configuration_that_fits_has_no_problem(keys: dict[str, Any]) -> None:
    assert problems(_config(**keys), CATALOG) == ()


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            {"aliases": {"3.15": ["next"]}},
            [Problem(("aliases", "3.15"), "versions.json has no line 3.15; did you mean `3.14`?")],
        ),
        (
            {"aliases": {"3.14": ["3", "latest"], "3.13": ["Latest"]}},
            [Problem(("aliases", "3.13", 0), "'Latest' cannot be an alias: latest is an alias of the line 3.14")],
        ),
        (
            {"aliases": {"3.14": ["x", "X"]}},
            [Problem(("aliases", "3.14", 1), "'X' cannot be an alias: x is an alias of the line 3.14")],
        ),
        (
            {"aliases": {"3.14": ["3.13", "3.13.9"]}},
            [
                Problem(("aliases", "3.14", 0), "'3.13' cannot be an alias: 3.13 is a tag of the line 3.13"),
                Problem(("aliases", "3.14", 1), "'3.13.9' cannot be an alias: 3.13.9 is a tag of the line 3.13"),
            ],
        ),
        (
            {"aliases": {"3.14": ["slim", "trixie"]}},
            [
                Problem(("aliases", "3.14", 0), "'slim' cannot be an alias: slim is a variant"),
                Problem(("aliases", "3.14", 1), "'trixie' cannot be an alias: trixie is a variant"),
            ],
        ),
        (
            {"aliases": {"3.14": ["3.14.5"]}, "holds": [HOLD]},
            [Problem(("aliases", "3.14", 0), "'3.14.5' cannot be an alias: 3.14.5 is a tag of the line 3.14")],
        ),
        (
            {"builders": {"arm64": {}, "alpine": {}, "slim-trixi": {}, "s390x": {}, "slim-trixie": {}, "default": {}}},
            [
                Problem(
                    ("builders", "arm64"),
                    "'arm64' is neither an arch nor a variant in versions.json; did you mean `arm64v8`?",
                ),
                Problem(
                    ("builders", "slim-trixi"),
                    "'slim-trixi' is neither an arch nor a variant in versions.json; did you mean `slim-trixie`?",
                ),
            ],
        ),
        (
            {"holds": [{**HOLD, "line": "3.12"}]},
            [Problem(("holds", 0, "line"), "versions.json has no line 3.12; did you mean `3.14`?")],
        ),
        (
            {"holds": [HOLD, {**HOLD, "variants": ["trixie", "slim-trixie"]}]},
            [Problem(("holds", 1, "variants", 1), "slim-trixie of the line 3.14 is held by holds/0 already; keep one")],
        ),
        (
            {"holds": [{**HOLD, "variants": ["windows/slim-trixie"]}]},
            [Problem(("holds", 0, "variants", 0), "versions.json calls the variant `slim-trixie`; write it like that")],
        ),
        *(
            (
                {"holds": [{**HOLD, "facts": {"version": version}}]},
                [
                    Problem(
                        ("holds", 0, "facts", "version"),
                        f"{version} is not older than 3.14.6, which versions.json has for the line; delete the hold",
                    )
                ],
            )
            for version in ("3.14.6", "3.14.10")
        ),
        (
            {"holds": [{**HOLD, "facts": {"version": "3.13.9"}}]},
            [Problem(("holds", 0, "facts", "version"), "'3.13.9' is not a release of the line 3.14")],
        ),
        (
            {"bases": {"slim-trixy": "x"}},
            [
                Problem(
                    ("bases", "slim-trixy"),
                    "no variant in versions.json is taken by 'slim-trixy'; did you mean `slim-trixie`?",
                )
            ],
        ),
        (
            {"architectures": {"zzz": ["amd64"]}},
            [
                Problem(
                    ("architectures", "zzz"),
                    f"no variant in versions.json is taken by 'zzz'; there are {KNOWN}",
                )
            ],
        ),
        (
            {"exclude": [{**RULE, "variant": ["slim", "alpin"]}]},
            [
                Problem(
                    ("exclude", 0, "variant"),
                    "no variant in versions.json is taken by 'alpin'; did you mean `alpine`?",
                )
            ],
        ),
        (
            {"values": [{"version": "<3.10", "set": {"x": "y"}}]},
            [
                Problem(
                    ("values", 0, "version"), "no line in versions.json is taken by `<3.10`; the rule's are 3.14, 3.13"
                )
            ],
        ),
        (
            {"sources": [{"file": "x", "url": "y", "unverified": "z", "version": "3.13", "variant": "alpine3.24"}]},
            [Problem(("sources", 0, "version"), "no line in versions.json is taken by `==3.13`; the rule's are 3.14")],
        ),
        (
            {"architectures": {"alpine": ["amd64"]}, "exclude": [{**RULE, "arch": "s390x", "variant": "alpine"}]},
            [Problem(("exclude", 0, "arch"), "nothing that the rule takes is built for s390x anyway")],
        ),
        (
            {"arch_namespaces": {"amd64": "library"}},
            [
                Problem(
                    ("arch_namespaces", "amd64"),
                    "the tags of amd64 and the tags that join all arches would both go to 'library'",
                )
            ],
        ),
        (
            {"namespace": "s390x"},
            [Problem(("namespace",), "the tags of s390x and the tags that join all arches would both go to 's390x'")],
        ),
        (
            {"arch_namespaces": {"arm32v6": "arm", "arm32v7": "arm"}},
            [Problem(("arch_namespaces", "arm32v7"), "'arm' is the namespace of arm32v6 already")],
        ),
    ],
)
def test_each_place_that_does_not_fit_is_named(keys: dict[str, Any], expected: list[Problem]) -> None:
    assert problems(_config(**keys), CATALOG) == tuple(expected)


@pytest.mark.parametrize(
    ("today", "ended"),
    [("2026-06-30", []), ("2026-07-01", [0]), ("2026-12-31", [0]), ("2027-01-01", [0, 2])],
)
def test_an_exclusion_is_wrong_from_the_day_after_its_last_one(today: str, ended: list[int]) -> None:
    rules = [{**RULE, "until": "2026-06-30"}, RULE, {**RULE, "until": "2026-12-31"}]

    found = expired(_config(exclude=rules), today=dt.date.fromisoformat(today))

    assert [problem.loc for problem in found] == [("exclude", position, "until") for position in ended]


def test_an_exclusion_that_ended_says_when_and_why_it_was_there() -> None:
    rules = [{"reason": "musl breaks it", "until": "2026-06-30"}]

    assert expired(_config(exclude=rules), today=dt.date(2026, 7, 1)) == (
        Problem(
            ("exclude", 0, "until"),
            "the exclusion ended on 2026-06-30 (musl breaks it); delete it, or give it a later day",
        ),
    )


def test_a_hold_that_ended_is_wrong_too() -> None:
    held = {**HOLD, "reason": "the installer is late", "until": "2026-06-30"}

    assert expired(_config(holds=[HOLD, held]), today=dt.date(2026, 7, 1)) == (
        Problem(
            ("holds", 1, "until"),
            "the hold ended on 2026-06-30 (the installer is late); delete it, or give it a later day",
        ),
    )
