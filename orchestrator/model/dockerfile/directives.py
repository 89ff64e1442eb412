"""What stands at the very top of a Dockerfile and changes how it is read."""

import re
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from itertools import chain

from orchestrator.model.characters import BYTE_ORDER_MARK
from orchestrator.model.dockerfile.words import BACKSLASH, stripped

# https://docs.docker.com/reference/dockerfile/#parser-directives; BuildKit's own reading of it is the judge in tests.
_DIRECTIVE = re.compile(r"(?P<mark>#|//)[\t\n\f\r ]*(?P<name>[a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=(?P<value>.+)")
_DIRECTIVES = frozenset({"check", "escape", "syntax"})
_ESCAPES = (BACKSLASH, "`")
_SHEBANG = "#!"


def lines_of(text: str) -> Iterator[str]:
    """The lines of a Dockerfile without their ends."""
    # Not splitlines(): BuildKit ends a line at \n alone, and a form feed or U+2028 may stand in a heredoc.
    return (line.rstrip("\r\n") for line in StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="\n"))


def directives(text: str) -> Mapping[str, str]:
    """The parser directives at the very top, such as `# escape=`; names in lower case.

    `syntax` is looked for below a `#!` and behind `//`, too, as BuildKit does before it reads anything else. Raises
    ValueError with the line number for one that stands there twice, for an escape that is none, and for one below
    `# check=`, which older releases of BuildKit take for a comment, and all below it with it.
    """
    found: dict[str, str] = {}
    lines = list(lines_of(text))
    for number, name, value in _directives(lines, mark="#"):
        if name in found:
            raise ValueError(f"line {number}: the directive `# {name}=` stands there twice")
        if name == "escape" and value not in _ESCAPES:
            raise ValueError(f"line {number}: the escape {value!r} is neither {' nor '.join(_ESCAPES)}")
        if "check" in found:
            raise ValueError(f"line {number}: the directive `# {name}=` stands below `# check=`; put it above")
        found[name] = value
    is_script = bool(lines) and lines[0].startswith(_SHEBANG)
    below = lines[1:] if is_script else lines
    other = chain(_directives(below, mark="#") if is_script else (), _directives(below, mark="//"))
    syntax = {name: value for _, name, value in other if name == "syntax"}
    return {**syntax, **found}


def escape_of(text: str) -> str:
    """The character that a Dockerfile escapes by and ends a line with that goes on; raises ValueError as above."""
    return directives(text).get("escape", BACKSLASH)


def _directives(lines: Iterable[str], *, mark: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(lines, 1):
        match = _DIRECTIVE.fullmatch(stripped(line))
        if match is None or match["mark"] != mark or match["name"].lower() not in _DIRECTIVES:
            return
        yield number, match["name"].lower(), stripped(match["value"])
