import base64
import json
import re
from typing import Any

import pytest

from orchestrator.model.update.pages import announced, versions_on

SHA = "ab" * 32
FILE = "tool-1.2.tar.xz"


@pytest.mark.parametrize(
    ("entry", "page", "expected"),
    [
        ('href="{version}/"', '<a href="3.14.0/">3.14.0/</a> <a href="3.9/">', {"3.14.0", "3.9"}),
        ('href="{version}/"', '<a href="doc/"> <a href="../"> <a href="3.14.0">', set()),
        (
            'href="Python-{version}.tar.xz"',
            'href="Python-3.15.0b3.tar.xz" href="Python-3.15.0b3.tar.xz.sig"',
            {"3.15.0b3"},
        ),
        ("refs/tags/v{version}\n", "1 refs/tags/v1.0\n2 refs/tags/v1.1^{}\n3 refs/tags/v1.2\n", {"1.0", "1.2"}),
        ('_VERSION = "{version}"', '_VERSION = "79.0.1"\n', {"79.0.1"}),
        ('href="{version}/"', 'href="3.14.0$(id)/" href="3..1/" href="-3/"', set()),
        ('href="{version}/"', "<html>503 Service Unavailable</html>", set()),
        ('href="{version}/"', "", set()),
    ],
)
def test_a_page_names_the_versions_that_stand_where_the_entry_says(entry: str, page: str, expected: set[str]) -> None:
    assert versions_on(page, entry) == expected


def sigstore(digest: str = base64.b64encode(bytes.fromhex(SHA)).decode(), algorithm: str = "SHA2_256") -> str:
    return json.dumps({"messageSignature": {"messageDigest": {"algorithm": algorithm, "digest": digest}}})


def spdx(*packages: dict[str, Any]) -> str:
    return json.dumps({"spdxVersion": "SPDX-2.3", "packages": packages})


def package(file: str, *sums: tuple[str, str]) -> dict[str, Any]:
    return {"packageFileName": file, "checksums": [{"algorithm": name, "checksumValue": value} for name, value in sums]}


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("sigstore", sigstore()),
        ("spdx", spdx({"name": "expat"}, package(FILE, ("SHA1", "00" * 20), ("SHA256", SHA.upper())))),
        ("sha256sum", f"{'cd' * 32}  other.tar.xz\n{SHA}  {FILE}\n"),
        ("sha256sum", f"{SHA} *{FILE}\r\n"),
        ("sha256sum", f"{'cd' * 32}  ./other\n{SHA}  ./{FILE}\n"),
        ("sha256sum", f"{SHA.upper()}\n"),
    ],
)
def test_a_document_announces_the_checksum_of_a_file(format_: str, text: str) -> None:
    assert announced(text, format_=format_, file=FILE) == SHA


@pytest.mark.parametrize(
    ("format_", "text", "problem"),
    [
        ("sigstore", "<html>not found</html>", "it is not JSON"),
        ("sigstore", "", "it is not JSON"),
        ("sigstore", "[" * 100_000, "it is not JSON"),
        ("sigstore", "[]", "it is no sigstore bundle with a message digest of SHA2_256"),
        ("sigstore", sigstore(algorithm="SHA2_512"), "it is no sigstore bundle with a message digest of SHA2_256"),
        ("sigstore", sigstore(digest="*"), "its digest is not base64"),
        ("sigstore", sigstore(digest="AAAA"), f"it has no sha256 of {FILE}"),
        ("spdx", "{}", "it is no SPDX document with packages"),
        ("spdx", "7", "it is no SPDX document with packages"),
        ("spdx", spdx(package("other", ("SHA256", SHA))), f"it has no sha256 of {FILE}"),
        ("spdx", spdx(package(FILE, ("SHA1", "00" * 20))), f"it has no sha256 of {FILE}"),
        (
            "spdx",
            spdx(package(FILE, ("SHA256", SHA)), package(FILE, ("SHA256", "0" * 64))),
            f"it has no sha256 of {FILE}",
        ),
        ("spdx", spdx(package(FILE, ("SHA256", "$(id)"))), f"it has no sha256 of {FILE}"),
        ("sha256sum", f"{SHA}  other\n", f"it has no sha256 of {FILE}"),
        ("sha256sum", f"{SHA}\n{'0' * 64}\n", f"it has no sha256 of {FILE}"),
        ("sha256sum", "", f"it has no sha256 of {FILE}"),
    ],
)
def test_a_document_that_announces_none_is_refused(format_: str, text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        announced(text, format_=format_, file=FILE)
