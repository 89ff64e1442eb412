"""Which files of a folder a .dockerignore keeps out of the build context."""

import posixpath
import re
from dataclasses import dataclass
from typing import Self

from orchestrator.model.dockerfile.path_patterns import regex_of

_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules of one file in their order; the last one that fits a path decides.

    https://docs.docker.com/build/concepts/context/#dockerignore-files
    """

    rules: tuple[tuple[bool, re.Pattern[str]], ...] = ()
    """Whether a rule keeps files in (`!`), and the paths that it fits."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a .dockerignore; raises ValueError with the line number."""
        rules: list[tuple[bool, re.Pattern[str]]] = []
        for number, line in enumerate(text.removeprefix(_BYTE_ORDER_MARK).split("\n"), 1):
            rule = "" if line.startswith("#") else line.strip()
            if not rule:
                continue
            keeps = rule.startswith("!")
            pattern = rule.removeprefix("!").strip()
            if not pattern:
                raise ValueError(f"line {number}: `!` must be followed by a pattern")
            try:
                rules.append((keeps, re.compile(_regex(_clean(pattern)), re.DOTALL)))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error
        return cls(tuple(rules))

    def ignores(self, path: str) -> bool:
        """Whether a path, or a folder that it lies in, is kept out."""
        steps = path.split("/")
        places = ["/".join(steps[: depth + 1]) for depth in range(len(steps))]
        is_ignored = False
        for keeps, fits in self.rules:
            if keeps is is_ignored and any(fits.fullmatch(place) for place in places):
                is_ignored = not keeps
        return is_ignored


def _clean(pattern: str) -> str:
    # The context is the top, so a leading slash says nothing.
    return posixpath.normpath(pattern).lstrip("/") or "."


def _regex(pattern: str) -> str:
    """`**` stands for any number of folders, none included; at the end for everything below."""
    parts = re.split(r"(\\.|\*\*/?)", pattern)
    found: list[str] = []
    plain = ""
    for position, part in enumerate(parts):
        if not part.startswith("**"):
            plain += part
            continue
        is_last = not any(parts[position + 1 :])
        found += [regex_of(plain), ".*" if is_last else "(?:.*/)?"]
        plain = ""
    return "".join((*found, regex_of(plain)))
