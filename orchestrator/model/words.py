"""Words as Dockerfiles write them: with quotes, escapes and variables."""

import re
from collections.abc import Callable, Mapping

# The rules are those of BuildKit (frontend/dockerfile/shell/lex.go), which are not quite those of a shell.
BACKSLASH = "\\"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]")
_OPERATOR = re.compile(r":?[-+?]")


def words(text: str, *, escape: str = BACKSLASH) -> tuple[str, ...]:
    """Split a text at white space outside quotes, the words as they stand; raises ValueError for an open quote."""
    mark = re.escape(escape)
    word = re.compile(rf"""(?:{mark}.|'[^']*'|"(?:{mark}.|(?!{mark})[^"])*"|(?!{mark})[^\s'"]|{mark}\Z)+""", re.DOTALL)
    found: list[str] = []
    rest = text.strip()
    while rest:
        match = word.match(rest)
        if match is None or not rest[match.end() :][:1].strip() == "":
            raise ValueError(f"{rest!r} has a quote that does not end")
        found.append(match[0])
        rest = rest[match.end() :].lstrip()
    return tuple(found)


def plain(word: str) -> str:
    """A word without its quotes and escapes; raises ValueError for an open quote."""
    return expanded(word, lambda name: f"${name}")


def expanded(word: str, value: Callable[[str], str | None], *, escape: str = BACKSLASH) -> str:
    """A word with variables filled in, quotes and escapes gone.

    `value` has the value of a variable, or None if it is not set. Raises ValueError for what cannot be read, for
    `${name:?message}` without a value, and for the operators `#`, `%` and `/`, which we do not know.
    """
    return _Reader(word, value, escape).until("")


def value_of(arguments: Mapping[str, str]) -> Callable[[str], str | None]:
    return arguments.get
