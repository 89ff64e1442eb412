"""Where heredocs are opened."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.model.dockerfile.words import WHITE_SPACE, expanded, split

_SIGN = "<<"
_OPENING = re.compile(r"[0-9]*<<(?P<tabs>-?)(?P<end>[^<]*)", re.DOTALL)
_MAY_OPEN = re.compile(rf"(?:\A|[{WHITE_SPACE}])[0-9]*<<-?[^<{WHITE_SPACE}]")
# BuildKit looks for words before and after it has read variables, and what it can read depends on its release.
_ODD_VARIABLE = re.compile(r"\\.|(?P<odd>\$\{(?!(?:[^\W\d]\w*|[0-9]+)\}))", re.DOTALL)
_ENDS_IN_SIGN = re.compile(r"(?<![<\\])(?:<<)+\Z")


@dataclass(frozen=True, slots=True)
class Opening:
    """A word that opens a heredoc."""

    end: str
    """The line that ends it."""
    has_tabs: bool
    """Whether tabs may stand before that line."""

    @classmethod
    def of(cls, word: str) -> "Opening | None":
        """Read one word of ADD, COPY or RUN as it stands there; None for one that opens nothing.

        Raises ValueError for a quote that does not end.
        """
        match = _OPENING.fullmatch(word)
        if match is None:
            return None
        if "$" in match["end"]:
            raise ValueError(f"the heredoc {word} is named by a variable; name it plainly")
        end = expanded(match["end"], lambda _: None)
        return cls(end, bool(match["tabs"])) if end else None


def opened(line: str) -> Iterator[Opening]:
    """The heredocs that a line of ADD, COPY or RUN opens, in their order.

    Raises ValueError for what opens one in some releases of BuildKit alone.
    """
    if _SIGN not in line:
        return
    if _MAY_OPEN.search(line) and any(match["odd"] for match in _ODD_VARIABLE.finditer(line)):
        raise ValueError("a heredoc and a variable like ${name:-default} stand on one line; give each its own RUN")
    try:
        words = split(line)
    except ValueError:
        return  # a text that a shell could not read
    for word in words[:-1]:
        if _ENDS_IN_SIGN.search(word):
            raise ValueError(
                f"{word} before white space opens a heredoc in later releases of BuildKit alone; leave the space out"
            )
    for word in words:
        if opening := Opening.of(word):
            yield opening


def is_heredoc(word: str) -> bool:
    """Whether a source of ADD or COPY, as it stands there, is the text below the instruction and no file."""
    try:
        return Opening.of(word) is not None
    except ValueError:
        return False
