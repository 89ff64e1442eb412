"""The text of versions.json with some of its lines changed, all others left as they stand, byte for byte."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of an object, and where in the text its value begins and ends."""

    name: str
    value: dict[str, Any]
    start: int
    end: int


def lines_in(text: str) -> dict[str, dict[str, Any]]:
    """What versions.json says of each line, as plain JSON; the text must be one that `catalog.read` takes."""
    return {member.name: member.value for member in _members(text)}


def rewritten(text: str, changed: Mapping[str, Mapping[str, Any]]) -> str:
    """The text with these lines changed, in the form that docker-library writes: keys sorted, two spaces a level."""
    parts: list[str] = []
    done = 0
    for member in _members(text):
        if member.name in changed:
            parts += [text[done : member.start], _value_text(changed[member.name])]
            done = member.end
    return "".join((*parts, text[done:]))


def _value_text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=len(_INDENT), sort_keys=True, ensure_ascii=False).replace("\n", f"\n{_INDENT}")


def _members(text: str) -> Iterator[_Member]:
    """The members of the outermost object, in the order in which they stand there."""
    decoder = json.JSONDecoder()
    at = text.index("{") + 1
    while text[at := _after_space(text, at)] != "}":
        name, at = decoder.raw_decode(text, at)
        start = _after_space(text, text.index(":", at) + 1)
        value, end = decoder.raw_decode(text, start)
        yield _Member(name, value, start, end)
        at = _after_space(text, end)
        at += text[at] == ","


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
