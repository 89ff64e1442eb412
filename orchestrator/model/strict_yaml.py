"""YAML read strictly: plain values only, each with its line; what YAML 1.1 and 1.2 read differently is an error."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from orchestrator.errors import InputError
from orchestrator.model.characters import REFUSED, code_point, refused
from orchestrator.model.problems import Loc, Problem

MAX_CHARACTERS = 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 50_000
"""How many values a document may have once its aliases are followed."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LAYOUT = frozenset("\t\n\r")

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_WHOLE_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,14})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TRAPS = (
    (re.compile(r"(?i:yes|no|on|off|y|n)"), "is a truth value to some readers of YAML; write true or false, or"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt\s].*)?"), "is a time to YAML; write a day like 2026-12-31, or"),
    (
        re.compile(r"[-+]?(?:0[0-7_]+|0o[0-7_]+|0x[0-9A-Fa-f_]+|0b[01_]+|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?)"),
        "is a number in a form that readers of YAML disagree about; write it in plain digits, or",
    ),
    (
        re.compile(r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?i:inf)|\.(?i:nan)"),
        "is a number to YAML, which does not keep its digits;",
    ),
)
_DEFAULT_TAGS = (None, "")


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML text as plain values: dict, list, str, int, bool, None and date."""

    name: str
    value: Any
    lines: Mapping[Loc, int]
    """The line, from 1, in which each place starts; places inside a followed alias have none of their own."""
    problems: tuple[Problem, ...]
    """Wrong places; the value has the text as it was written there, so that reading on finds more."""

    def line(self, loc: Loc) -> int:
        """The line of a place, or of the nearest place around it that the document has."""
        return next((self.lines[loc[:size]] for size in range(len(loc), -1, -1) if loc[:size] in self.lines), 1)

    def report(self, problems: Iterable[Problem]) -> tuple[str, ...]:
        """The document's problems and further ones in the order of their lines.

        `orchestrator.yaml:12: exclude/0/arch: ...`; further ones only about places that were read without a problem.
        """
        misread = {problem.loc for problem in self.problems}
        further = (problem for problem in problems if problem.loc not in misread)
        ordered = sorted((self.line(p.loc), "/".join(map(str, p.loc)), p.text) for p in (*self.problems, *further))
        return tuple(
            f"{self.name}:{line}: {place}{': ' if place else ''}{text}" for line, place, text in dict.fromkeys(ordered)
        )


def parse(text: str, *, name: str) -> Document:
    """Read one YAML document; what is wrong with single values is in its `problems`.

    Raises InputError for what leaves no value to go on with: a syntax error, several documents, characters that no
    input may hold, too many characters, levels or values.
    """
    _check_text(text, name)
    reader = _Reader(name)
    try:
        value = reader.document(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        raise InputError(f"{_place(name, error.problem_mark)}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{name}: not YAML: it cannot be read") from error
    return Document(name, value, reader.lines, tuple(reader.problems))


def _check_text(text: str, name: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{name}: is larger than {MAX_CHARACTERS} characters; nothing that we read is")
    wrong = [
        f"{name}:{number}:{match.start() + 1}: contains the character {code_point(match[0])}; remove it"
        for number, line in enumerate(text.split("\n"), start=1)
        for match in REFUSED.finditer(line)
        if match[0] not in _LAYOUT
    ]
    if wrong:
        raise InputError(*wrong)


class _Reader:
    """Makes values from YAML's events, and notes lines and problems on the way."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0
        self.lines: dict[Loc, int] = {}
        self.problems: list[Problem] = []

    def document(self, events: Iterator[yaml.Event]) -> Any:
        value = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
            elif isinstance(event, yaml.NodeEvent):
                value = self._node(event, events, ())
            if documents > 1:
                raise self._end(event, "has several documents; expected one")
        return value

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], loc: Loc) -> Any:
        self._count_one(event)
        if len(loc) > MAX_DEPTH:
            raise self._end(event, f"is nested deeper than {MAX_DEPTH} levels")
        self.lines.setdefault(loc, _line(event))
        if isinstance(event, yaml.AliasEvent):
            return self._followed(event)
        self._check_tag(event, loc)
        before = self._count
        match event:
            case yaml.ScalarEvent():
                value: Any = self._scalar(event, loc)
            case yaml.SequenceStartEvent():
                value = self._sequence(events, loc)
            case _:
                value = self._mapping(events, loc)
        if anchor := getattr(event, "anchor", None):
            self._anchors[anchor] = (value, self._count - before)
        return value

    def _count_one(self, event: yaml.Event, size: int = 1) -> None:
        self._count += size
        if self._count > MAX_VALUES:
            raise self._end(event, f"has more than {MAX_VALUES} values, aliases followed")

    def _followed(self, event: yaml.AliasEvent) -> Any:
        if event.anchor not in self._anchors:
            raise self._end(event, f"*{event.anchor} has no anchor before it")
        value, size = self._anchors[event.anchor]
        self._count_one(event, size)
        return value

    def _sequence(self, events: Iterator[yaml.Event], loc: Loc) -> list[Any]:
        entries: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            entries.append(self._node(event, events, (*loc, len(entries))))
        return entries

    def _mapping(self, events: Iterator[yaml.Event], loc: Loc) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, loc)
            here = (*loc, key)
            if key in members:
                self._wrong(here, f"this key stands there again in line {_line(event)}; keep one")
            self.lines.setdefault(here, _line(event))
            members[key] = self._node(next(events), events, here)
        return members

    def _key(self, event: yaml.Event, loc: Loc) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._end(event, "expected a plain key")
        here = (*loc, event.value)
        self.lines.setdefault(here, _line(event))
        self._check_tag(event, here)
        if event.value == "<<" and _is_plain(event):
            self._wrong(here, "merge keys are not read; write the keys out")
        elif not isinstance(self._scalar(event, here), str):
            self._wrong(here, f'the key {event.value or "~"} is not text to YAML; put it in quotes: "{event.value}"')
        return event.value

    def _scalar(self, event: yaml.ScalarEvent, loc: Loc) -> Any:
        text = event.value
        for found in refused(text):
            self._wrong(loc, f"contains the character {found}; keep values on one line, without control characters")
        if not _is_plain(event):
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _WHOLE_NUMBER.fullmatch(text):
            return int(text)
        if _DAY.fullmatch(text) and (day := _day(text)):
            return day
        if trap := next((why for form, why in _TRAPS if form.fullmatch(text)), None):
            self._wrong(loc, f'{text} {trap} put it in quotes: "{text}"')
        return text

    def _check_tag(self, event: yaml.Event, loc: Loc) -> None:
        if (tag := getattr(event, "tag", None)) not in _DEFAULT_TAGS:
            self._wrong(loc, f"the tag {tag} is not read; remove it, and put text in quotes")

    def _wrong(self, loc: Loc, text: str) -> None:
        self.problems.append(Problem(loc, text))

    def _end(self, event: yaml.Event, text: str) -> InputError:
        return InputError(f"{self._name}:{_line(event)}: {text}")


def _place(name: str, mark: Any) -> str:
    return f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name


def _is_plain(event: yaml.ScalarEvent) -> bool:
    return bool(event.implicit[0])


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
