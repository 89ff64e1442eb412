"""Words as Dockerfiles write them: with quotes, escapes and variables."""

import json
import re
from collections.abc import Callable

from orchestrator.model.characters import BYTE_ORDER_MARK

# BuildKit reads words by rules of its own (frontend/dockerfile/shell/lex.go), which are not quite those of a shell.
BACKSLASH = "\\"
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""What Go takes for white space; for Python four control characters belong to it as well."""
_FIELD = re.compile(r"[^\t\v\f\r ]+")
_NAME = re.compile(r"[^\W\d]\w*|[0-9]+|[@*#?$!-]")
_BRACED = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?:\}|(:?)([-+?]))")


def stripped(text: str) -> str:
    """A text without the white space around it."""
    return text.strip(WHITE_SPACE)


def fields(text: str) -> tuple[str, ...]:
    """The words of FROM, COPY and ADD: quotes and escapes do not keep a space within a word there."""
    return tuple(_FIELD.findall(text))


def listed(text: str) -> tuple[str, ...] | None:
    """The strings of an instruction in its JSON form; None for one in any other form.

    Raises ValueError for a list of anything else, and for one that something follows: BuildKit takes no notice of that
    in older releases, and in later ones takes the whole for plain words.
    """
    if not text.startswith("["):
        return None
    try:
        found, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if text[end:].strip():
        raise ValueError(f"{text[end:].strip()!r} stands behind the list {text[:end]}; leave it out")
    if not all(isinstance(word, str) for word in found):
        raise ValueError(f"{text} is a list of something else than strings")
    return tuple(found)


def split(text: str, *, escape: str = BACKSLASH) -> tuple[str, ...]:
    """The words of a text as they stand, split at white space outside quotes; raises ValueError for an open quote."""
    mark = re.escape(escape)
    word = rf"""(?:{mark}.?|'[^']*'|"(?:{mark}.|[^"{mark}])*"|[^{WHITE_SPACE}'"{mark}])+"""
    found = re.findall(rf"""{word}|['"]""", text, re.DOTALL)
    if "'" in found or '"' in found:
        raise ValueError(f"{text!r} has a quote that does not end")
    return tuple(found)


def expanded(word: str, value_of: Callable[[str], str | None], *, escape: str = BACKSLASH) -> str:
    """A word without quotes and escapes, its variables filled in; `value_of` says None for one that is not set.

    Raises ValueError for a word that does not end, for `${name:?why}` without a value, and for what BuildKit's newer
    releases alone can do, such as `${name%pattern}`.
    """
    try:
        return _Reader(word.removeprefix(BYTE_ORDER_MARK), value_of, escape).until("")
    except RecursionError as error:
        raise ValueError(f"{word[:20]}... has too many variables within each other") from error


class _Reader:
    """Walks through one word."""

    def __init__(self, text: str, value_of: Callable[[str], str | None], escape: str) -> None:
        self._text = text
        self._value_of = value_of
        self._escape = escape
        self._at = 0

    def until(self, stop: str) -> str:
        """What stands before an unquoted `stop`; the empty one is the end of the text."""
        parts: list[str] = []
        while (char := self._next(stop)) != stop:
            parts.append(self._piece(char))
        return "".join(parts)

    def _next(self, stop: str) -> str:
        char = self._text[self._at : self._at + 1]
        self._at += 1
        if not char and stop:
            raise ValueError(f"{self._text!r} ends before the closing {stop}")
        return char

    def _piece(self, char: str) -> str:
        if char == self._escape:
            return self._next("")
        if char == "'":
            return self._single_quoted()
        if char == '"':
            return self._double_quoted()
        return self._variable() if char == "$" else char

    def _single_quoted(self) -> str:
        parts: list[str] = []
        while (char := self._next("'")) != "'":
            parts.append(char)
        return "".join(parts)

    def _double_quoted(self) -> str:
        parts: list[str] = []
        while (char := self._next('"')) != '"':
            if char == self._escape:
                following = self._next('"')
                parts.append(following if following in ('"', "$", self._escape) else char + following)
            else:
                parts.append(self._variable() if char == "$" else char)
        return "".join(parts)

    def _variable(self) -> str:
        if self._text.startswith("{", self._at):
            return self._braced()
        match = _NAME.match(self._text, self._at)
        if match is None:
            return "$"
        self._at = match.end()
        return self._value_of(match[0]) or ""

    def _braced(self) -> str:
        match = _BRACED.match(self._text, self._at)
        if match is None:
            raise ValueError(
                f"{self._text!r} cannot be read; write variables like $name, ${{name}}, ${{name:-default}}, "
                "${name:+other} or ${name:?why}"
            )
        self._at = match.end()
        name, colon, operator = match.groups()
        value = self._value_of(name)
        if operator is None:
            return value or ""
        word = self.until("}")
        is_set = value is not None and not (colon and not value)
        if operator == "+":
            return word if is_set else ""
        if operator == "?" and not is_set:
            raise ValueError(f"{name} has no value: {word}")
        return value or "" if is_set else word
