"""Splits a Dockerfile into its instructions."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from io import StringIO

from orchestrator.model.dockerfile.words import BACKSLASH, split, unquoted

# https://docs.docker.com/reference/dockerfile/ is the grammar; BuildKit's own reading of it is the judge in tests.
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*?)\s*")
_DIRECTIVES = frozenset({"check", "escape", "syntax"})
_ESCAPES = (BACKSLASH, "`")
_SPACE = re.compile(r"[\t\v\f\r ]+")
_FLAG = re.compile(r"""--((?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"\\])+)(?:\s+|\Z)""")
# Two escapes at the end are one for the command, and no continuation.
_CONTINUATION = {
    escape: re.compile(rf"(?<!{mark}){mark}[ \t]*\Z") for escape in _ESCAPES for mark in (re.escape(escape),)
}
_HEREDOC = re.compile(r"[0-9]*<<(-?)([^<]+)")
_HEREDOC_SIGN = "<<"
_TAKES_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A text that stands below an instruction."""

    line: int
    """The number of its first line, from 1."""
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its continuation lines joined, comments gone."""

    line: int
    """The number of its first line, from 1."""
    keyword: str
    """In capitals."""
    flags: tuple[tuple[str, str], ...]
    text: str
    """What follows keyword and flags."""
    heredocs: tuple[Heredoc, ...] = ()

    @property
    def mounts(self) -> tuple[Mapping[str, str], ...]:
        """The options of each `--mount` of a RUN, names in lower case."""
        mounts = (value for flag, value in self.flags if (self.keyword, flag) == ("RUN", "mount"))
        return tuple(dict(_option(option) for option in mount.split(",")) for mount in mounts)


# Everything that is asked of one Dockerfile is asked in a row.
@lru_cache(maxsize=1)
def instructions(text: str) -> tuple[Instruction, ...]:
    """Split a Dockerfile into instructions; raises ValueError with the line number."""
    return tuple(_instructions(_lines(text), escape=escape_of(text)))


def directives(text: str) -> Mapping[str, str]:
    """The parser directives at the very top, such as `# escape=`; names in lower case.

    Raises ValueError with the line number for one that stands there twice and for an escape that is none.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(_lines(text), 1):
        match = _DIRECTIVE.fullmatch(line.strip())
        if match is None or match[1].lower() not in _DIRECTIVES:
            break
        name, value = match[1].lower(), match[2]
        if name in found:
            raise ValueError(f"line {number}: the directive `# {name}=` stands there twice")
        if name == "escape" and value not in _ESCAPES:
            raise ValueError(f"line {number}: the escape {value!r} is neither {' nor '.join(_ESCAPES)}")
        found[name] = value
    return found


def escape_of(text: str) -> str:
    """The character that a Dockerfile escapes by and ends a line with that goes on; raises ValueError as above."""
    return directives(text).get("escape", BACKSLASH)


def _lines(text: str) -> Iterator[str]:
    # Not splitlines(): BuildKit ends a line at \n alone, and a form feed or U+2028 may stand in a heredoc.
    return (line.rstrip("\r\n") for line in StringIO(text.removeprefix(_BYTE_ORDER_MARK), newline="\n"))


def _instructions(every_line: Iterable[str], *, escape: str) -> Iterator[Instruction]:
    lines = iter(enumerate(every_line, 1))
    for number, line in lines:
        if _says_nothing(line):
            continue
        keyword, *rest = _SPACE.split(_continued(line, lines, escape=escape), maxsplit=1)
        if not keyword:
            raise ValueError(f"line {number}: expected an instruction")
        instruction = _instruction(number, keyword.upper(), "".join(rest))
        heredocs = tuple(_heredocs(instruction, lines))
        yield replace(instruction, heredocs=heredocs) if heredocs else instruction


def _says_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _continued(line: str, lines: Iterator[tuple[int, str]], *, escape: str) -> str:
    """The line with the lines that continue it; blank lines and comments in between do not end it."""
    continuation = _CONTINUATION[escape]
    parts: list[str] = []
    while match := continuation.search(line):
        parts.append(line[: match.start()])
        line = next((text for _, text in lines if not _says_nothing(text)), "")
    return "".join([*parts, line]).strip()


def _instruction(line: int, keyword: str, rest: str) -> Instruction:
    flags: list[tuple[str, str]] = []
    while match := _FLAG.match(rest):
        name, _, value = unquoted(match[1]).partition("=")
        flags.append((name, value))
        rest = rest[match.end() :]
    return Instruction(line, keyword, tuple(flags), rest)


def is_heredoc(word: str) -> bool:
    """Whether a word of ADD, COPY or RUN, as it stands there, opens a heredoc."""
    return _HEREDOC.fullmatch(word) is not None


def _heredocs(instruction: Instruction, lines: Iterator[tuple[int, str]]) -> Iterator[Heredoc]:
    for word in _words(instruction):
        match = _HEREDOC.fullmatch(word)
        if match is None:
            continue
        has_tabs, end = bool(match[1]), unquoted(match[2])
        text: list[tuple[int, str]] = []
        for number, line in lines:
            text.append((number, line))
            if (line.lstrip("\t") if has_tabs else line) == end:
                break
        else:
            raise ValueError(f"line {instruction.line}: the heredoc <<{end} has no end")
        yield Heredoc(text[0][0], tuple(line for _, line in text[:-1]))


def _option(text: str) -> tuple[str, str]:
    name, _, value = text.strip('"').partition("=")
    return name.lower(), value


def _words(instruction: Instruction) -> tuple[str, ...]:
    """Where heredocs may be opened; nowhere in a text that a shell could not read."""
    keyword, text = instruction.keyword, instruction.text
    if _HEREDOC_SIGN not in text:
        return ()
    if keyword == "ONBUILD":
        keyword, *rest = _SPACE.split(text, maxsplit=1)
        text = "".join(rest)
    try:
        return split(text) if keyword.upper() in _TAKES_HEREDOCS else ()
    except ValueError:
        return ()
