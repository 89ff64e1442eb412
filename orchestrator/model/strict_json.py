"""JSON read strictly: what two readers could understand differently is an error with its address."""

import json
import math
import re
from typing import Any

from orchestrator.errors import InputError
from orchestrator.model.characters import refused
from orchestrator.model.problems import Loc, Problem, pointer

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64
# Larger whole numbers change their value in readers that keep numbers as IEEE 754 doubles (RFC 8259, section 6).
_MAX_DIGITS = 15

_SYNTAX = {
    "Invalid control character at": "a line break or another control character in a string",
    "Unterminated string starting at": "a string that does not end",
}
_BOM = "\ufeff"
# Strings first, so that brackets in them do not count; an unfinished one goes to the end.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|[\[\]{}]', re.DOTALL)


class _Object(tuple[tuple[str, Any], ...]):
    """An object as it was written: its members in order, double ones included."""

    __slots__ = ()


class _Wrong(str):
    """Stands where a value is that must be refused, and says why."""

    __slots__ = ()


def load(text: str, *, name: str) -> Any:
    """The value of a JSON text; raises InputError that names every wrong place at once.

    Refused beyond what is not JSON (RFC 8259): double keys, NaN and Infinity, numbers that a double cannot hold, a
    byte order mark, control characters and direction marks in strings, more than MAX_DEPTH levels or MAX_BYTES bytes.
    Syntax errors are addressed as `name:line:column`, all others by JSON pointer.
    """
    _check_outside(text, name)
    try:
        raw = json.loads(
            text, object_pairs_hook=_Object, parse_constant=_constant, parse_float=_float, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        raise InputError(f"{name}:{error.lineno}:{error.colno}: {_syntax(error)}") from error
    problems: list[Problem] = []
    value = _value(raw, (), problems)
    if problems:
        raise InputError(*(f"{name}#{pointer(problem.loc)}: {problem.text}" for problem in problems))
    return value


def _check_outside(text: str, name: str) -> None:
    """Refuse what the parser would stumble over before it can say where."""
    if text.startswith(_BOM):
        raise InputError(f"{name}:1:1: starts with a byte order mark; save it as plain UTF-8")
    if not text.strip():
        raise InputError(f"{name}: is empty; expected a JSON document")
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InputError(f"{name}: is larger than {MAX_BYTES} bytes; nothing that we read is")
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > MAX_DEPTH:
            line, column = _position(text, match.start())
            raise InputError(f"{name}:{line}:{column}: is nested deeper than {MAX_DEPTH} levels")


def _position(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _syntax(error: json.JSONDecodeError) -> str:
    if error.msg == "Extra data":
        return "text after the end of the document; expected one JSON value"
    wanted = _SYNTAX.get(error.msg) or error.msg[:1].lower() + error.msg[1:]
    if error.pos >= len(error.doc.rstrip()):
        return f"ends before the document is complete: {wanted}"
    return f"not JSON: {wanted}"


def _constant(text: str) -> _Wrong:
    return _Wrong(f"{text} is not JSON; write a number or text in quotes")


def _float(text: str) -> float | _Wrong:
    value = float(text)
    return value if math.isfinite(value) else _Wrong("the number is too large; put it in quotes")


def _integer(text: str) -> int | _Wrong:
    return int(text) if len(text.lstrip("-")) <= _MAX_DIGITS else _Wrong("the number is too large; put it in quotes")


def _value(raw: Any, loc: Loc, problems: list[Problem]) -> Any:
    match raw:
        case _Wrong():
            problems.append(Problem(loc, str(raw)))
        case str():
            _check_characters(raw, loc, problems)
        case list():
            return [_value(entry, (*loc, position), problems) for position, entry in enumerate(raw)]
        case _Object():
            return _members(raw, loc, problems)
    return raw


def _members(raw: _Object, loc: Loc, problems: list[Problem]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, entry in raw:
        here = (*loc, key)
        _check_characters(key, here, problems)
        if key in members:
            problems.append(Problem(here, "this key stands there more than once; keep one"))
        members[key] = _value(entry, here, problems)
    return members


def _check_characters(text: str, loc: Loc, problems: list[Problem]) -> None:
    problems.extend(Problem(loc, f"contains the character {found}; remove it") for found in refused(text))
