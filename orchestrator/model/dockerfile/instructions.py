"""Splits a Dockerfile into its instructions."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from orchestrator.model.dockerfile.directives import escape_of, lines_of
from orchestrator.model.dockerfile.heredocs import Opening, opened
from orchestrator.model.dockerfile.words import BACKSLASH, WHITE_SPACE, listed, stripped

# https://docs.docker.com/reference/dockerfile/ is the grammar; BuildKit's own reading of it is the judge in tests.
_Flags = tuple[tuple[str, str], ...]
_SPACE = re.compile(r"[\t\v\f\r ]+")
_FLAG = re.compile(
    rf"""(--(?:\\.?|'(?:\\.?|[^'\\])*+'?+|"(?:\\.?|[^"\\])*+"?+|[^{WHITE_SPACE}'"\\])*+)[{WHITE_SPACE}]*""", re.DOTALL
)
_QUOTED = re.compile(r"""\\(.?)|'((?:\\.?|[^'\\])*+)'?+|"((?:\\.?|[^"\\])*+)"?+""", re.DOTALL)
_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)
_END_OF_FLAGS = "--"
# Two escapes at the end are one for the command, and no continuation.
_CONTINUATION = {
    escape: re.compile(rf"(?<!{mark}){mark}[ \t]*\Z") for escape in (BACKSLASH, "`") for mark in (re.escape(escape),)
}
_TAKES_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})
_MOUNT_OPTIONS = {"src": "source", "dst": "target", "destination": "target"}


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
    flags: _Flags
    text: str
    """What follows keyword and flags."""
    heredocs: tuple[Heredoc, ...] = ()
    trigger: "Instruction | None" = None
    """What ONBUILD keeps for the stages and builds that stand on this one."""

    @property
    def mounts(self) -> tuple[Mapping[str, str], ...]:
        """The options of each `--mount` of a RUN by their long names; raises ValueError for a misplaced quote."""
        mounts = (value for flag, value in self.flags if (self.keyword, flag) == ("RUN", "mount"))
        return tuple(dict(map(_option, _options(mount))) for mount in mounts)


# Everything that is asked of one Dockerfile is asked in a row.
@lru_cache(maxsize=1)
def instructions(text: str) -> tuple[Instruction, ...]:
    """Split a Dockerfile into instructions; raises ValueError with the line number."""
    return tuple(_instructions(lines_of(text), escape=escape_of(text)))


def _instructions(every_line: Iterable[str], *, escape: str) -> Iterator[Instruction]:
    lines = iter(enumerate(every_line, 1))
    for number, line in lines:
        if _says_nothing(line):
            continue
        whole = _continued(line, lines, escape=escape)
        try:
            instruction = _instruction(number, whole, escape=escape)
            openings = tuple(opened(whole)) if _takes_heredocs(instruction.trigger or instruction) else ()
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        heredocs = tuple(_heredoc(opening, lines, line=number) for opening in openings)
        yield replace(instruction, heredocs=heredocs) if heredocs else instruction


def _says_nothing(line: str) -> bool:
    return not stripped(line) or stripped(line).startswith("#")


def _continued(line: str, lines: Iterator[tuple[int, str]], *, escape: str) -> str:
    """The line with the lines that continue it; blank lines and comments in between do not end it."""
    continuation = _CONTINUATION[escape]
    parts: list[str] = []
    while match := continuation.search(line):
        parts.append(line[: match.start()])
        line = next((text for _, text in lines if not _says_nothing(text)), "")
    return stripped("".join([*parts, line]))


def _instruction(line: int, text: str, *, escape: str) -> Instruction:
    keyword, flags, argument = _parts(text, escape=escape)
    if not keyword:
        raise ValueError("expected an instruction")
    trigger = Instruction(line, *_parts(argument, escape=escape)) if keyword == "ONBUILD" and argument else None
    return Instruction(line, keyword, flags, argument, trigger=trigger)


def _parts(text: str, *, escape: str) -> tuple[str, _Flags, str]:
    keyword, *rest = _SPACE.split(text, maxsplit=1)
    return keyword.upper(), *_flags("".join(rest), escape=escape)


def _flags(text: str, *, escape: str) -> tuple[_Flags, str]:
    """The flags before the argument of an instruction, and that argument; `--` ends them as well."""
    flags: list[tuple[str, str]] = []
    while match := _FLAG.match(text):
        word = match[1]
        if not word.isascii() or (escape != BACKSLASH and (escape in word or BACKSLASH in word)):
            raise ValueError(f"the flag {word} has a character that the releases of BuildKit read differently")
        text = text[match.end() :]
        if (plain := _unquoted(word)) == _END_OF_FLAGS:
            break
        name, _, value = plain.removeprefix(_END_OF_FLAGS).partition("=")
        flags.append((name, value))
    return tuple(flags), stripped(text)


def _unquoted(flag: str) -> str:
    """A flag without quotes and escapes; here an escape is one within single quotes, too."""
    return _QUOTED.sub(lambda match: match[1] or _ESCAPED.sub(r"\1", match[2] or match[3] or ""), flag)


def _takes_heredocs(instruction: Instruction) -> bool:
    return instruction.keyword in _TAKES_HEREDOCS and "<<" in instruction.text and listed(instruction.text) is None


def _heredoc(opening: Opening, lines: Iterator[tuple[int, str]], *, line: int) -> Heredoc:
    text: list[tuple[int, str]] = []
    for number, each in lines:
        text.append((number, each))
        if (each.lstrip("\t") if opening.has_tabs else each) == opening.end:
            return Heredoc(text[0][0], tuple(inside for _, inside in text[:-1]))
    raise ValueError(f"line {line}: the heredoc <<{opening.end} has no end")


def _options(mount: str) -> list[str]:
    try:
        return next(csv.reader([mount], strict=True), [])
    except csv.Error as error:
        raise ValueError(f"the options of --mount={mount} cannot be told apart: {error}") from error


def _option(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return _MOUNT_OPTIONS.get(name.lower(), name.lower()), value
