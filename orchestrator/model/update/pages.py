"""What upstream's pages and documents say: the releases that a page names, the checksum that a document announces."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.model.config.upstream import VERSION
from orchestrator.model.fields import is_sha256

# As `FullVersion` in fields.py; bounded, so that no page takes long.
_VERSION = r"([0-9][0-9A-Za-z]{0,63}(?:[._-][0-9A-Za-z]{1,63}){0,15})"
_SUM_LINE = re.compile(r"([0-9a-fA-F]{64})(?:[ \t]+\*?(\S.*))?")


def versions_on(page: str, entry: str) -> frozenset[str]:
    """The versions on a page that names each as `entry` does, such as ``href="{version}/"``."""
    before, after = entry.split(VERSION)
    return frozenset(re.findall(f"{re.escape(before)}{_VERSION}{re.escape(after)}", page))


def announced(text: str, *, format_: str, file: str) -> str:
    """The sha256 of a file in hexadecimal, as a document announces it; raises ValueError that says what is wrong.

    Signatures are not verified: that the document came by https is all that vouches for it.
    """
    found = _READERS[format_](text, file)
    if not is_sha256(found):
        raise ValueError(f"it has no sha256 of {file}")
    return found


def _sigstore(text: str, _: str) -> str:
    """https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto"""
    match _json(text):
        case {"messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": str(digest)}}}:
            try:
                return base64.b64decode(digest, validate=True).hex()
            except binascii.Error as error:
                raise ValueError("its digest is not base64") from error
    raise ValueError("it is no sigstore bundle with a message digest of SHA2_256")


def _spdx(text: str, file: str) -> str:
    """https://spdx.github.io/spdx-spec/v2.3/package-information/"""
    document = _json(text)
    packages = document.get("packages") if isinstance(document, Mapping) else None
    if not isinstance(packages, list):
        raise ValueError("it is no SPDX document with packages")
    sums = {
        str(checksum.get("checksumValue")).lower()
        for package in packages
        if isinstance(package, Mapping) and package.get("packageFileName") == file
        for checksum in package.get("checksums") or ()
        if isinstance(checksum, Mapping) and checksum.get("algorithm") == "SHA256"
    }
    return sums.pop() if len(sums) == 1 else ""


def _sha256sum(text: str, file: str) -> str:
    """Lines of a checksum and a file, or nothing but the checksum."""
    lines = [match for line in text.splitlines() if (match := _SUM_LINE.fullmatch(line.strip()))]
    sums = {
        match[1].lower() for match in lines if match[2] in (file, f"./{file}") or (not match[2] and len(lines) == 1)
    }
    return sums.pop() if len(sums) == 1 else ""


_READERS: dict[str, Callable[[str, str], str]] = {"sigstore": _sigstore, "spdx": _spdx, "sha256sum": _sha256sum}


def _json(text: str) -> Any:
    # These documents are larger than our own, and of strangers; what is taken from them is checked by itself.
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
