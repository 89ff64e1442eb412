"""Packages in an image, and what an SBOM says of them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

SPDX = "https://spdx.dev/Document"
"""The predicate of an SBOM in SPDX.

https://github.com/in-toto/attestation/blob/main/spec/predicates/spdx.md
"""


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """Something installed, in the words of package URLs: `deb`, `libc6`, `2.41-12`."""

    kind: str
    name: str
    version: str


def versions(packages: Iterable[Package]) -> dict[tuple[str, str], str]:
    """By kind and name the versions, which may be several: of several machines, or in several places."""
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for package in packages:
        found[package.kind, package.name].add(package.version)
    return {name: ", ".join(sorted(several)) for name, several in sorted(found.items())}


def of_spdx(statement: bytes) -> frozenset[Package]:
    """The packages of an in-toto statement about an SBOM in SPDX, as far as they have a package URL.

    Raises ValueError for what is no such statement. What describes the image itself has no version, and is left out.
    """
    try:
        document: Any = json.loads(statement)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    predicate = document.get("predicate") if isinstance(document, dict) else None
    packages = predicate.get("packages") if isinstance(predicate, dict) else None
    if not isinstance(packages, list):
        raise ValueError("expected a list `predicate.packages`")
    return frozenset(found for each in packages if isinstance(each, dict) for found in _packages(each))


def _packages(entry: dict[str, Any]) -> Iterator[Package]:
    """Package URLs: https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst#rules-for-each-purl-component."""
    references = entry.get("externalRefs")
    for reference in references if isinstance(references, list) else ():
        locator = reference.get("referenceLocator") if isinstance(reference, dict) else None
        if isinstance(locator, str) and locator.startswith("pkg:"):
            path, _, version = locator.removeprefix("pkg:").partition("?")[0].partition("#")[0].rpartition("@")
            words = [unquote(word) for word in path.strip("/").split("/")]
            if version and len(words) > 1:
                yield Package(words[0], _name(words), unquote(version))


def _name(words: list[str]) -> str:
    # The namespace of a distribution's packages is the distribution, that of others a part of their name.
    return words[-1] if words[0] in {"deb", "apk", "rpm"} else "/".join(words[1:])
