import json
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.model.catalog import read
from orchestrator.model.variants import Variant

SHA256 = "de6517421601e39a9a3bc3e1bc4c7b2f239297423ee05e282598c83ec0647505"
LINE = {"version": "3.14.6", "variants": ["trixie"]}


def test_a_file_of_docker_library_is_read_as_it_is() -> None:
    text = """{
      "3.10": {
        "checksums": {"source": {"sha256": "%s"}},
        "setuptools": {"version": "79.0.1"},
        "variants": ["trixie", "slim-trixie", "alpine3.24"],
        "version": "3.10.20"
      },
      "3.15-rc": {
        "checksums": {"source": {"sha256": "%s"}, "windows": {"sha256": "%s"}},
        "variants": ["windows/windowsservercore-ltsc2025"],
        "version": "3.15.0b3"
      }
    }"""

    catalog = read(text % (SHA256, SHA256, SHA256), name="versions.json")

    assert [(name, line.version, line.variants) for name, line in catalog.lines] == [
        ("3.15-rc", "3.15.0b3", (Variant("windows/windowsservercore-ltsc2025"),)),
        ("3.10", "3.10.20", (Variant("trixie"), Variant("slim-trixie"), Variant("alpine3.24"))),
    ]
    assert catalog["3.10"].facts == {
        "checksums": {"source": {"sha256": SHA256}},
        "setuptools": {"version": "79.0.1"},
        "version": "3.10.20",
    }
    assert len(catalog) == 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], ["#: expected a mapping, got a list"]),
        ({}, ["#: expected at least one entry, got none"]),
        ({"3.14": 7}, ["#/3.14: expected a mapping, got 7"]),
        ({"3.14": {}}, ["#/3.14/version: is missing", "#/3.14/variants: is missing"]),
        ({"3.14": LINE | {"variants": []}}, ["#/3.14/variants: expected at least one entry, got none"]),
        ({"3.14": LINE | {"variants": "trixie"}}, ["#/3.14/variants: expected a list, got 'trixie'"]),
        ({"3.14": LINE | {"variants": ["a", 7]}}, ["#/3.14/variants/1: expected text in quotes, got 7"]),
        ({"3.14": LINE | {"variants": ["a", "a"]}}, ["#/3.14/variants: a stands there more than once; keep one"]),
        ({"3.14": LINE | {"version": None}}, ["#/3.14/version: expected text in quotes, got nothing"]),
        ({"3.13": LINE}, ["#/3.13/version: '3.14.6' is not a release of the line 3.13"]),
        (
            {"3.14": LINE | {"checksums": {"source": {"sha256": SHA256.upper()}, "windows": {}}}},
            [
                f"#/3.14/checksums/source/sha256: '{SHA256.upper()}' is not a sha256: 64 digits and letters a to f",
                "#/3.14/checksums/windows/sha256: is missing",
            ],
        ),
        (
            {"../../.ssh": LINE, "03.1": LINE, "3.14": LINE},
            [
                "#/..~1..~1.ssh: '../../.ssh' is not a line; write it like 3.14 or 3.15-rc",
                "#/03.1: '03.1' is not a line; write it like 3.14 or 3.15-rc",
            ],
        ),
        (
            {"3.14": LINE | {"variants": ["alpine 3.24"]}, "3.13": LINE | {"version": ""}},
            [
                "#/3.14/variants/0: 'alpine 3.24' is not a variant; "
                "write it like slim-trixie or windows/windowsservercore-ltsc2025",
                "#/3.13/version: '' is not a version; write it like 3.14.6 or 3.15.0b3",
            ],
        ),
    ],
)
def test_every_wrong_place_is_named_by_its_pointer(value: Any, expected: list[str]) -> None:
    with pytest.raises(InputError) as error:
        read(json.dumps(value), name="versions.json")

    assert error.value.problems == tuple(f"versions.json{problem}" for problem in expected)


@pytest.mark.parametrize(
    "version",
    [
        "1.0;touch /pwn",
        "$(id)",
        "1.0`id`",
        "1.0'",
        '1.0"',
        "1.0 ",
        "x",
        "3.14.6+1",
        "3..14",
        "3.14.",
        "-1",
        "1" * 65,
        "{{7*7}}",
    ],
)
def test_a_version_that_could_be_more_than_a_version_is_refused(version: str) -> None:
    with pytest.raises(InputError, match="is not a version; write it like"):
        read(json.dumps({"3.14": LINE | {"version": version}}), name="versions.json")


def test_a_version_with_a_line_break_is_refused() -> None:
    with pytest.raises(InputError, match=r"^versions.json#/3.14/version: contains the character U\+000A; remove it$"):
        read(json.dumps({"3.14": LINE | {"version": "1.0\nRUN id"}}), name="versions.json")
