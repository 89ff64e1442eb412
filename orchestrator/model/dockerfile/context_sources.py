"""What a Dockerfile takes from its build context."""

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orchestrator.model.dockerfile.instructions import Instruction, escape_of, instructions, is_heredoc
from orchestrator.model.dockerfile.path_patterns import regex_of
from orchestrator.model.dockerfile.words import expanded, split

_EVERYTHING = ""
# Of what looks like a remote source these are never files, however the words before them are spelled.
_REMOTE = re.compile(r"(?:https?|git|ssh)://|[\w.-]+@[\w.-]+:")


@dataclass(frozen=True, slots=True)
class ContextSources:
    """The files of a context that COPY, ADD and bind mounts can reach."""

    patterns: tuple[str, ...]
    """Paths from the top of the context, with wildcards; the empty one is the whole context."""

    @classmethod
    def of(cls, dockerfile: str) -> "ContextSources":
        """Read a Dockerfile; raises ValueError with the line number.

        A variable may have any value, as the base image has a say in it: where one stands, everything can be reached.
        What ONBUILD does happens in other builds.
        """
        escape = escape_of(dockerfile)
        found: dict[str, None] = {}
        for instruction in instructions(dockerfile):
            try:
                found.update(dict.fromkeys(_sources(instruction, escape=escape)))
            except ValueError as error:
                raise ValueError(f"line {instruction.line}: {error}") from error
        return cls(tuple(found))

    def reach(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Those of some files that can be reached; whatever lies in a folder that is taken is taken with it."""
        fits = re.compile("|".join(map(_regex, self.patterns)) or r"(?!)", re.DOTALL)
        return tuple(path for path in paths if fits.fullmatch(path))


def _sources(instruction: Instruction, *, escape: str) -> Iterator[str]:
    if instruction.keyword == "RUN":
        for mount in instruction.mounts:
            if mount.get("type", "bind").lower() == "bind" and not mount.get("from"):
                yield _path(mount.get("source", mount.get("src", "/")), escape=escape)
    elif instruction.keyword in ("ADD", "COPY") and not dict(instruction.flags).get("from"):
        words, is_json = _words(instruction.text, escape=escape)
        for word in words[:-1]:
            is_elsewhere = instruction.keyword == "ADD" and _REMOTE.match(word.lstrip("\"'"))
            if not is_elsewhere and (is_json or not is_heredoc(word)):
                yield _path(word, escape=escape)


def _words(text: str, *, escape: str) -> tuple[tuple[str, ...], bool]:
    """Sources and destination, and whether they stand in a JSON list."""
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except ValueError:
            listed = None
        if isinstance(listed, list) and all(isinstance(word, str) for word in listed):
            return tuple(listed), True
    return split(text, escape=escape), False


def _path(word: str, *, escape: str) -> str:
    """A source as a path from the top; `..` leads no higher than that."""
    if "$" in word:
        return _EVERYTHING
    path = posixpath.normpath("/" + expanded(word, lambda _: None, escape=escape))
    return path.lstrip("/")


def _regex(pattern: str) -> str:
    if pattern == _EVERYTHING:
        return ".*"
    try:
        wild = f"|{regex_of(pattern)}"
    except ValueError:
        wild = ""  # BuildKit refuses the build and says why
    return f"(?:{re.escape(pattern)}{wild})(?:/.*)?"
