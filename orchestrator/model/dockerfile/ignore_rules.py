"""Which files of a folder a .dockerignore keeps out of the build context."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from orchestrator.model.characters import BYTE_ORDER_MARK
from orchestrator.model.dockerfile.path_patterns import regex_of
from orchestrator.model.dockerfile.words import stripped

_EXCEPTION = "!"
_DEEP = "**"
_WILD = re.compile(r"[*?\[\]\\]")
_PART = re.compile(r"(?P<odd>\\[0-9A-Za-z]|[\^|]|\{[0-9])|\\.|\[\^?(?P<set>(?:\\.|[^\\\]])+)\]|.", re.DOTALL)
_ODD_IN_SET = re.compile(r"[*?]|\[:|\\[0-9A-Za-z]")


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
        for number, line in enumerate(text.removeprefix(BYTE_ORDER_MARK).split("\n"), 1):
            rule = "" if line.startswith("#") else stripped(line)
            if not rule:
                continue
            try:
                rules.append(_rule(rule))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error
        return cls(tuple(rules))

    def ignores(self, path: str) -> bool:
        """Whether a path is kept out, as BuildKit finds it on its way down to it.

        A rule fits whatever lies in a folder that it fits, but for a folder it counts only where it changes something:
        `!lib` keeps nothing in a `lib` that was not kept out itself.
        """
        steps = path.split("/")
        is_ignored = False
        above = [False] * len(self.rules)
        for depth in range(1, len(steps) + 1):
            is_ignored, above = self._step("/".join(steps[:depth]), above)
        return is_ignored

    def _step(self, place: str, above: Sequence[bool]) -> tuple[bool, list[bool]]:
        """Whether a place is kept out, and which rules count for what lies in it; `above`: those of its folder."""
        is_ignored = False
        found: list[bool] = []
        for (keeps, pattern), fits_above in zip(self.rules, above, strict=True):
            fits = fits_above or (keeps is is_ignored and pattern.fullmatch(place) is not None)
            is_ignored = not keeps if fits else is_ignored
            found.append(fits)
        return is_ignored, found


def _rule(text: str) -> tuple[bool, re.Pattern[str]]:
    """Whether a rule keeps files in, and what it fits; it is made clean twice, with and without its sign."""
    sign = _EXCEPTION if text.startswith(_EXCEPTION) else ""
    rule = _clean(stripped(sign + _from_top(stripped(text.removeprefix(sign)))))
    keeps = rule.startswith(_EXCEPTION)
    pattern = rule.removeprefix(_EXCEPTION)
    if not pattern:
        raise ValueError("`!` must be followed by a pattern")
    return keeps, re.compile(_regex(pattern), re.DOTALL)


def _from_top(pattern: str) -> str:
    clean = _clean(pattern) if pattern else ""
    return clean.removeprefix("/") or clean


def _clean(pattern: str) -> str:
    path = posixpath.normpath(pattern)
    return path.removeprefix("/") if path.startswith("//") else path


def _regex(pattern: str) -> str:
    """`**` stands for any number of folders, none included; at the end, and before mere text, for any text at all."""
    if not _WILD.search(pattern):
        return re.escape(pattern)
    head, tail = pattern.removesuffix(_DEEP), pattern.removeprefix(_DEEP)
    if not _WILD.search(head):
        return f"{re.escape(head)}.*"
    if not _WILD.search(tail):
        return f"(?:.*/)?{re.escape(tail[1:])}" if tail.startswith("/") else f".*{re.escape(tail)}"
    _refuse_expressions(pattern)
    return "".join(_parts(pattern))


def _refuse_expressions(pattern: str) -> None:
    """Some of what a pattern may have keeps the meaning of a regular expression, which BuildKit makes of it."""
    for part in _PART.finditer(pattern):
        if part["odd"] or (part["set"] and _ODD_IN_SET.search(part["set"])):
            raise ValueError(f"{pattern!r} has {part[0]}, which is no pattern of paths for BuildKit; leave it out")


def _parts(pattern: str) -> Iterator[str]:
    parts = re.split(r"(\\.|\*\*/?)", pattern)
    plain = ""
    for position, part in enumerate(parts):
        if part.startswith(_DEEP):
            is_last = not any(parts[position + 1 :])
            yield from (regex_of(plain), ".*" if is_last else "(?:.*/)?")
            plain = ""
        else:
            plain += part
    yield regex_of(plain)
