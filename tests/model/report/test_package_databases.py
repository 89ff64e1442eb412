"""Tests of the databases of package managers in the layers of an image."""

import pytest

from orchestrator.model.report.package_databases import (
    APK,
    DPKG,
    DPKG_PARTS,
    Found,
    hidden_by,
    installed,
    is_database,
    over,
)
from orchestrator.model.report.packages import Package

STATUS = b"""\
Package: libc6
Status: install ok installed
Version: 2.41-12
Description: GNU C Library
 Package: not a field

Package: gone
Status: deinstall ok config-files
Version: 1
 \t
Package: held
Status: hold ok installed
Version: 2:3
"""
INSTALLED = b"C:Q1\nP:musl\nV:1.2.5-r10\nF:lib\n\nP:zlib\nV:1.3\n\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({DPKG: STATUS}, {Package("deb", "libc6", "2.41-12"), Package("deb", "held", "2:3")}),
        ({f"{DPKG_PARTS}/base": b"Package: base\nVersion: 1\n"}, {Package("deb", "base", "1")}),
        ({APK[0]: INSTALLED}, {Package("apk", "musl", "1.2.5-r10"), Package("apk", "zlib", "1.3")}),
        ({DPKG: b"\xff\xfe"}, set()),
        ({}, set()),
    ],
)
def test_databases_say_what_is_installed(files: dict[str, bytes], expected: set[Package]) -> None:
    assert installed(files) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (DPKG, True),
        (f"{DPKG_PARTS}/base", True),
        (f"{DPKG_PARTS}/base.md5sums", False),
        (f"{DPKG_PARTS}/.wh.base", False),
        (f"{DPKG}-old", False),
        (APK[1], True),
        (f"home/{DPKG}", False),
    ],
)
def test_a_database_is_known_by_its_path(path: str, expected: bool) -> None:
    assert is_database(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("var/lib/dpkg/.wh.status", DPKG),
        ("var/lib/.wh.dpkg", "var/lib/dpkg"),
        (".wh.var", "var"),
        ("var/lib/dpkg/.wh..wh..opq", "var/lib/dpkg"),
        (".wh..wh..opq", "."),
        (f"{DPKG_PARTS}/.wh.base", f"{DPKG_PARTS}/base"),
        ("lib/apk/db/.wh.installed", APK[0]),
        ("var/cache/.wh.apt", None),
        ("var/lib/dpkg/status", None),
    ],
)
def test_a_whiteout_hides_a_database_or_what_it_lies_in(path: str, expected: str | None) -> None:
    assert hidden_by(path) == expected


@pytest.mark.parametrize(
    ("upper", "expected"),
    [
        (Found({DPKG: b"new"}), {DPKG: b"new"}),
        (Found(hidden=frozenset({DPKG})), {}),
        (Found(hidden=frozenset({"var/lib"})), {}),
        (Found(hidden=frozenset({"."})), {}),
        (Found(hidden=frozenset({"lib"})), {DPKG: b"old"}),
        (Found({APK[0]: b"a"}, frozenset({"var"})), {APK[0]: b"a"}),
    ],
)
def test_a_layer_stands_over_the_next(upper: Found, expected: dict[str, bytes]) -> None:
    assert over(upper, Found({DPKG: b"old"})).files == expected


def test_what_is_hidden_stays_hidden_below() -> None:
    above = over(Found(hidden=frozenset({DPKG})), Found())

    assert over(above, Found({DPKG: b"old"})) == Found({}, frozenset({DPKG}))
