"""Version numbers of lines, and ranges over them such as `>=3.10,<3.14`."""

import re
from dataclasses import dataclass
from typing import Self

# One way to write each number, so that no two names are the same line: no leading zeros, no digits of other scripts.
_NUMBERS = r"(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5}))*"
LINE = re.compile(rf"({_NUMBERS})(?:-[a-z][a-z0-9]*)?")
_BOUND = re.compile(rf" *(<=|>=|<|>|==|!=|) *({_NUMBERS}) *")


def line_number(line: str) -> tuple[int, ...]:
    """The numbers of a line, `3.15-rc` -> (3, 15); raises ValueError."""
    if match := LINE.fullmatch(line):
        return _numbers(match[1])
    raise ValueError(f"{line!r} is not a line; write it like 3.14 or 3.15-rc")


def is_of_line(version: str, line: str) -> bool:
    """Whether a release belongs to a line: 3.15.0b3 to 3.15-rc."""
    numbers = re.match(_NUMBERS, version)
    expected = line_number(line)
    return numbers is not None and _numbers(numbers[0])[: len(expected)] == expected


def release_order(version: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key of releases, the oldest first: 3.15.0a7, 3.15.0b3, 3.15.0rc1, 3.15.0, 3.15.1."""
    words = re.findall(r"[0-9]+|[A-Za-z]+", version)
    # What a word marks comes before the release itself, and what a further number marks after it.
    end = (1, 0, "")
    return (*((2, int(word), "") if word.isdecimal() else (0, 0, word.lower()) for word in words), end)


def final_version(version: str) -> str:
    """A version without what marks it as a pre-release: `3.15.0b3` -> `3.15.0` (upstream's folder of downloads)."""
    return re.split(r"[A-Za-z-]", version, maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class VersionRange:
    """A comma-separated list of bounds that must all hold; a bare number is that line alone."""

    bounds: tuple[tuple[str, tuple[int, ...]], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        matches = [_BOUND.fullmatch(part) for part in text.split(",")]
        if not all(matches):
            raise ValueError(f"{text!r} is not a version range; write it like >=3.10,<3.14 or 3.12")
        return cls(tuple((match[1] or "==", _numbers(match[2])) for match in matches if match))

    def __contains__(self, line: str) -> bool:
        number = line_number(line)
        return all(_holds(number, operator, bound) for operator, bound in self.bounds)

    def __str__(self) -> str:
        return ",".join(f"{operator}{'.'.join(map(str, bound))}" for operator, bound in self.bounds)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _holds(number: tuple[int, ...], operator: str, bound: tuple[int, ...]) -> bool:
    match operator:
        case "<":
            return number < bound
        case "<=":
            return number <= bound
        case ">":
            return number > bound
        case ">=":
            return number >= bound
        case "!=":
            return number != bound
    return number == bound
