"""Tests of packages and what an SBOM says of them."""

import json
from typing import Any

import pytest

from orchestrator.model.report.packages import Package, of_spdx, versions


def statement(*locators: Any) -> bytes:
    packages = [{"name": "x", "externalRefs": [{"referenceLocator": locator}]} for locator in locators]
    return json.dumps({"predicate": {"packages": packages}}).encode()


@pytest.mark.parametrize(
    ("locator", "expected"),
    [
        ("pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13", Package("deb", "libc6", "2.41-12")),
        ("pkg:deb/debian/g%2B%2B@4%3A14.2.0-1", Package("deb", "g++", "4:14.2.0-1")),
        ("pkg:pypi/pip@25.1#sub", Package("pypi", "pip", "25.1")),
        ("pkg:npm/%40scope/name@1.0", Package("npm", "@scope/name", "1.0")),
        ("pkg:golang/github.com/a/b@v1.2", Package("golang", "github.com/a/b", "v1.2")),
    ],
)
def test_a_package_url_is_a_package(locator: str, expected: Package) -> None:
    assert of_spdx(statement(locator)) == {expected}


@pytest.mark.parametrize("locator", ["cpe:2.3:a:x", "pkg:oci/image", "pkg:", "pkg:@1", 7, None])
def test_what_is_no_package_with_a_version_is_left_out(locator: Any) -> None:
    assert of_spdx(statement(locator)) == frozenset()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"predicate": []}', b"[" * 100_000, b'{"predicate": {}}'])
def test_what_is_no_sbom_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the words are those of the JSON parser
        of_spdx(content)


def test_odd_entries_of_an_sbom_are_passed_over() -> None:
    packages = ["text", {"externalRefs": "text"}, {"externalRefs": ["text"]}]

    assert of_spdx(json.dumps({"predicate": {"packages": packages}}).encode()) == frozenset()


def test_several_versions_of_a_package_stand_together() -> None:
    found = versions([Package("deb", "b", "2"), Package("deb", "b", "1"), Package("apk", "b", "3")])

    assert list(found.items()) == [(("apk", "b"), "3"), (("deb", "b"), "1, 2")]
