"""The order of package versions."""

import re
from enum import StrEnum

_PARTS = re.compile(r"(\D*)(\d*)")
_EPOCH = re.compile(r"(\d+):")
# What every kind of package orders by its numbers alone; Alpine adds a revision behind `-r`.
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)*(?:-r[0-9]+)?")
_NO_REVISION = "0"
_BEYOND_LETTERS = 0x110000


class Course(StrEnum):
    """What became of a package."""

    ADDED = "added"
    REMOVED = "removed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    CHANGED = "changed"
    """It has another version, and nobody can say which is newer."""


def course(kind: str, before: str | None, after: str | None) -> Course:
    """What became of a package of this kind, whose version was `before` and is `after`; None where it was not there."""
    if before is None:
        return Course.ADDED
    if after is None:
        return Course.REMOVED
    if not all(kind == "deb" or _PLAIN.fullmatch(version) for version in (before, after)):
        return Course.CHANGED
    old, new = _order(before), _order(after)
    if old == new:
        return Course.CHANGED
    return Course.UPGRADED if old < new else Course.DOWNGRADED


_Order = tuple[int, list[tuple[list[int], int]], list[tuple[list[int], int]]]


def _order(version: str) -> _Order:
    """What Debian's versions are ordered by: epoch, upstream's version, revision.

    https://www.debian.org/doc/debian-policy/ch-controlfields.html#version
    """
    epoch = _EPOCH.match(version)
    rest = version[epoch.end() :] if epoch else version
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, _NO_REVISION
    return int(epoch[1]) if epoch else 0, _parts(upstream), _parts(revision)


def _parts(text: str) -> list[tuple[list[int], int]]:
    return [([*map(_rank, words), 0], int(number or 0)) for words, number in _PARTS.findall(text)]


def _rank(character: str) -> int:
    """A tilde comes before the end of a text, which is 0; letters before everything else."""
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + _BEYOND_LETTERS
