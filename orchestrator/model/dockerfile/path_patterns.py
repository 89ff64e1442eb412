"""Patterns of paths as Dockerfiles and .dockerignore write them."""

import re
from functools import lru_cache

_PIECE = re.compile(
    r"(?P<any>\*)|(?P<one>\?)|\\(?P<escaped>.)|\[(?P<not>\^?+)(?P<set>(?:\\.|[^\\\]])+)\]|(?P<plain>[^*?\[\\])",
    re.DOTALL,
)
_RANGE = re.compile(r"(?P<from>\\.|[^\\\]-])(?:-(?P<to>\\.|[^\\\]-]))?", re.DOTALL)
_NOTHING = "(?!)"


@lru_cache(maxsize=1024)
def regex_of(pattern: str) -> str:
    """A regular expression for one pattern by the rules of Go's filepath.Match; raises ValueError for a malformed one.

    `*` and `?` stand for what is no `/`, `[a-c]` and `[^a]` for one character, a backslash takes the next one as it is.
    https://pkg.go.dev/path/filepath#Match
    """
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        match = _PIECE.match(pattern, at)
        if match is None:
            raise ValueError(f"{pattern!r} is no pattern: a [ or a backslash at its end has nothing that belongs to it")
        parts.append(_piece(match, pattern))
        at = match.end()
    return "".join(parts)


def _piece(match: re.Match[str], pattern: str) -> str:
    match match.lastgroup:
        case "any":
            return "[^/]*"
        case "one":
            return "[^/]"
        case "set":
            return _set(match["set"], is_negated=bool(match["not"]), pattern=pattern)
    return re.escape(match["escaped"] or match["plain"])


def _set(text: str, *, is_negated: bool, pattern: str) -> str:
    ranges: list[str] = []
    at = 0
    while at < len(text):
        match = _RANGE.match(text, at)
        if match is None:
            raise ValueError(f"{pattern!r} is no pattern: [{text}] is no set of characters")
        first = match["from"][-1]
        last = (match["to"] or first)[-1]
        if first <= last:
            ranges.append(f"{re.escape(first)}-{re.escape(last)}")
        at = match.end()
    if not ranges:
        return r"[\s\S]" if is_negated else _NOTHING
    return f"[{'^' if is_negated else ''}{''.join(ranges)}]"
