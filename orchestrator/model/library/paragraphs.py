"""Splits a library file into paragraphs and fields, every word with its line."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from orchestrator.model.characters import BYTE_ORDER_MARK
from orchestrator.model.problems import shown

_BLANKS = (" ", "\t")
_LINE_BREAK = re.compile(r"\s*\n\s*")


@dataclass(frozen=True, slots=True, order=True)
class LineProblem:
    """Something wrong in a file, and the line that it stands on, from 1."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """A text and the line that it begins on."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field with what stands on its own line and on those that continue it."""

    name: str
    lines: tuple[Item, ...]

    @property
    def line(self) -> int:
        return self.lines[0].line

    @property
    def text(self) -> str:
        """All of the value, with its line breaks."""
        return "\n".join(item.text for item in self.lines).strip()

    @property
    def whole(self) -> Item:
        """The value of a field that takes one alone."""
        return Item(self.line, self.text)

    @property
    def listed(self) -> tuple[Item, ...]:
        """The words between the commas of the value; none where there is no value."""
        found: list[Item] = []
        breaks = 0
        for word in "\n".join(item.text for item in self.lines).split(",") if self.text else ():
            before = word[: len(word) - len(word.lstrip())].count("\n")
            found.append(Item(self.lines[breaks + before].line, _LINE_BREAK.sub(" ", word.strip())))
            breaks += word.count("\n")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Fields, by their names, that no empty line parts."""

    line: int
    fields: Mapping[str, Field]


def paragraphs(text: str) -> tuple[tuple[Paragraph, ...], tuple[LineProblem, ...]]:
    """The paragraphs of a library file, and what is wrong with the form of its lines.

    A line whose first visible character is `#` counts as not there, between the lines of a field too. A line that
    begins with a blank continues the field above it.
    """
    found: list[Paragraph] = []
    problems: list[LineProblem] = []
    for block in _blocks(text):
        fields = _fields(block, problems)
        by_name: dict[str, Field] = {}
        for field in fields:
            first = by_name.setdefault(field.name, field)
            if first is not field:
                problems.append(LineProblem(field.line, f"{field.name} stands on line {first.line} already; keep one"))
        if fields:
            found.append(Paragraph(fields[0].line, by_name))
    return tuple(found), tuple(problems)


def _blocks(text: str) -> Iterator[list[Item]]:
    """The lines between empty ones."""
    block: list[Item] = []
    for number, line in enumerate(text.removeprefix(BYTE_ORDER_MARK).split("\n"), 1):
        if line.lstrip().startswith("#"):
            continue
        if line.rstrip("\r"):
            block.append(Item(number, line.rstrip("\r")))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _fields(block: Iterable[Item], problems: list[LineProblem]) -> list[Field]:
    found: list[Field] = []
    for item in block:
        name, colon, value = item.text.partition(":")
        if item.text.startswith(_BLANKS):
            if found:
                found[-1] = replace(found[-1], lines=(*found[-1].lines, Item(item.line, item.text.strip())))
            elif item.text.strip():
                problems.append(LineProblem(item.line, f"{shown(item.text.strip())} continues no field"))
        elif not colon:
            problems.append(LineProblem(item.line, f"expected `Name: value`, got {shown(item.text)}"))
        else:
            found.append(Field(name.strip(), (Item(item.line, value.strip()),)))
    return found
