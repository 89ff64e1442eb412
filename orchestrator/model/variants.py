"""Variants of an image: their names, the group each belongs to, and the release it stands on."""

import re
from dataclasses import dataclass
from typing import Self

GROUPS = ("debian", "slim", "alpine", "windowsservercore")

_PATH = re.compile(r"(?:windows/)?(?=.{1,64}\Z)[a-z0-9]+(?:[._-][a-z0-9]+)*")
# No Windows machine can check out a folder of such a name.
_RESERVED = frozenset({"aux", "con", "nul", "prn"})


@dataclass(frozen=True, slots=True, order=True)
class Variant:
    """One entry of `variants` in versions.json, such as `slim-trixie` or `windows/windowsservercore-ltsc2025`."""

    path: str
    """As versions.json writes it; also the folder below the line's."""

    @classmethod
    def parse(cls, text: str) -> Self:
        if not _PATH.fullmatch(text) or text.rpartition("/")[2].partition(".")[0] in _RESERVED:
            raise ValueError(
                f"{text!r} is not a variant; write it like slim-trixie or windows/windowsservercore-ltsc2025"
            )
        return cls(text)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The word that stands in tags and targets."""
        return self.path.rpartition("/")[2]

    @property
    def group(self) -> str:
        """The template that renders it: one of GROUPS."""
        if self.name.startswith("windowsservercore"):
            return "windowsservercore"
        if self.name.startswith("alpine"):
            return "alpine"
        return "slim" if self.name.startswith("slim-") else "debian"

    @property
    def os(self) -> str:
        """The operating system that it runs on, as platforms name it."""
        return "windows" if self.group == "windowsservercore" else "linux"

    @property
    def release(self) -> str:
        """What the base image is a release of: `trixie`, `3.24`, `ltsc2025`."""
        return self.name.removeprefix("slim-").removeprefix("alpine").removeprefix("windowsservercore-")

    def matches(self, selector: str) -> bool:
        """Whether a selector, a group or one variant, takes this one."""
        return selector in (self.group, self.name, self.path)
