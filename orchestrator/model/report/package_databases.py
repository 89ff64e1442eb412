"""The databases in which package managers keep what is installed, found in the layers of an image."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from orchestrator.model.report.packages import Package

DPKG = "var/lib/dpkg/status"
DPKG_PARTS = "var/lib/dpkg/status.d"
"""Where images without dpkg itself, such as distroless ones, have a file for each package."""
APK = ("lib/apk/db/installed", "usr/lib/apk/db/installed")

_WHOLE = frozenset({DPKG, *APK})
_FOLDERS = frozenset(str(parent) for path in (*_WHOLE, f"{DPKG_PARTS}/x") for parent in PurePosixPath(path).parents)
# https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
_GONE = ".wh."
_EMPTIED = ".wh..wh..opq"
_CHECKSUMS = ".md5sums"
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")
_INSTALLED = "installed"


@dataclass(frozen=True, slots=True)
class Found:
    """What one layer brings of the databases, and what of lower layers it hides."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    """Files, and folders with all that is below them; `.` is the root."""


def is_database(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return path in _WHOLE or (folder == DPKG_PARTS and not name.endswith(_CHECKSUMS) and not name.startswith(_GONE))


def hidden_by(path: str) -> str | None:
    """What a file of a layer hides of a database in the layers below; None where it hides nothing of that kind."""
    folder, _, name = path.rpartition("/")
    if not name.startswith(_GONE):
        return None
    hidden = str(PurePosixPath(folder) if name == _EMPTIED else PurePosixPath(folder, name.removeprefix(_GONE)))
    return hidden if hidden in _FOLDERS or is_database(hidden) else None


def is_complete(files: Iterable[str]) -> bool:
    """Whether lower layers have nothing to add: but for the parts, a layer that changes a database has all of it."""
    return not _WHOLE.isdisjoint(files)


def over(upper: Found, lower: Found) -> Found:
    """Two layers as one."""
    seen = {path: content for path, content in lower.files.items() if not _is_hidden(path, upper.hidden)}
    return Found({**seen, **upper.files}, upper.hidden | lower.hidden)


def installed(files: Mapping[str, bytes]) -> frozenset[Package]:
    """What the databases of an image say is installed; what is no text is read as far as it is."""
    return frozenset(package for path, content in files.items() for package in _packages(path, content))


def _is_hidden(path: str, hidden: frozenset[str]) -> bool:
    return not hidden.isdisjoint((path, *map(str, PurePosixPath(path).parents)))


def _packages(path: str, content: bytes) -> Iterator[Package]:
    paragraphs = _PARAGRAPHS.split(content.decode("utf-8", "replace"))
    if path in APK:
        return (Package("apk", found["P"], found.get("V", "")) for found in map(_fields, paragraphs) if "P" in found)
    return (
        Package("deb", found["Package"], found.get("Version", ""))
        for found in map(_fields, paragraphs)
        if "Package" in found and found.get("Status", _INSTALLED).endswith(_INSTALLED)
    )


def _fields(paragraph: str) -> dict[str, str]:
    """The fields of a paragraph that stand on one line (deb822, and what apk makes of it)."""
    lines = (line.partition(":") for line in paragraph.split("\n") if line[:1].strip())
    return {name: value.strip() for name, colon, value in lines if colon}
