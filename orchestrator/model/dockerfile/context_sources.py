"""What a Dockerfile takes from its build context."""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orchestrator.model.dockerfile.directives import escape_of
from orchestrator.model.dockerfile.heredocs import is_heredoc
from orchestrator.model.dockerfile.instructions import Instruction, instructions
from orchestrator.model.dockerfile.path_patterns import regex_of
from orchestrator.model.dockerfile.words import BACKSLASH, expanded, fields, listed

_EVERYTHING = ""
_NOTHING = "(?!)"
# Of what looks like a remote source these are never files, however the words before them are spelled.
_REMOTE = re.compile(r"(?:https?|git|ssh)://|[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:")
_DRIVE = re.compile(r"\A[cC]:")
# What BuildKit reads by the rules of .dockerignore where --parents stands, and by those of a plain pattern elsewhere.
_DEEP = re.compile(r"\*\*|[\[\\^|{]")
_PIVOT = "/./"


@dataclass(frozen=True, slots=True)
class ContextSources:
    """The files of a context that COPY, ADD and bind mounts can reach."""

    patterns: tuple[str, ...]
    """Paths from the top of the context, with wildcards; the empty one is the whole context."""

    @classmethod
    def of(cls, dockerfile: str) -> "ContextSources":
        """Read a Dockerfile; raises ValueError with the line number.

        More may count than a build takes: all stages do, a variable may have any value, as the base image has a say in
        it, `--exclude` leaves nothing out, and below a `**` of `--parents` everything is reached. ONBUILD counts where
        a stage of the same Dockerfile can stand on it; what the base image itself says there is not known here.
        """
        escape = escape_of(dockerfile)
        found: dict[str, None] = {}
        for instruction in _carried_out(instructions(dockerfile)):
            try:
                found.update(dict.fromkeys(_sources(instruction, escape=escape)))
            except ValueError as error:
                raise ValueError(f"line {instruction.line}: {error}") from error
        return cls(tuple(found))

    def reach(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Those of some files that can be reached; whatever lies in a folder that is taken is taken with it."""
        fits = re.compile(
            "|".join(f"(?:{_regex(pattern)})(?:/.*)?" for pattern in self.patterns) or _NOTHING, re.DOTALL
        )
        return tuple(path for path in paths if fits.fullmatch(path))

    def pass_through(self, folders: Iterable[str]) -> tuple[str, ...]:
        """Those of some folders that a source leads through, further down than they are."""
        paths = [pattern.split("/") for pattern in self.patterns]
        above = ("/".join(steps[:depth]) for steps in paths for depth in range(1, len(steps)))
        fits = re.compile("|".join(map(_regex, above)) or _NOTHING, re.DOTALL)
        return tuple(folder for folder in folders if fits.fullmatch(folder))


def _carried_out(every: tuple[Instruction, ...]) -> Iterator[Instruction]:
    """Each instruction, and of ONBUILD what it says where a stage comes that may stand on this one."""
    last = max((number for number, each in enumerate(every) if each.keyword == "FROM"), default=0)
    for number, each in enumerate(every):
        yield each.trigger if each.trigger and number < last else each


def _sources(instruction: Instruction, *, escape: str) -> Iterator[str]:
    flags = dict(instruction.flags)
    if instruction.keyword == "RUN":
        for mount in instruction.mounts:
            if _may_be_bind(mount.get("type", "bind"), escape=escape) and not mount.get("from"):
                yield from _paths(mount.get("source", "/"), escape=escape)
    elif instruction.keyword in ("ADD", "COPY") and not flags.get("from"):
        words = listed(instruction.text)
        is_json = words is not None
        for word in (words or fields(instruction.text))[:-1]:
            is_elsewhere = instruction.keyword == "ADD" and _REMOTE.match(word.lstrip("\"'"))
            if not is_elsewhere and (is_json or not is_heredoc(word)):
                yield from _paths(word, escape=escape, with_parents=flags.get("parents", "false").lower() != "false")


def _may_be_bind(kind: str, *, escape: str) -> bool:
    return "$" in kind or expanded(kind, lambda _: None, escape=escape).lower() == "bind"


def _paths(word: str, *, escape: str, with_parents: bool = False) -> Iterator[str]:
    """A source as paths from the top; `..` leads no higher than that."""
    if "$" in word:
        yield _EVERYTHING
        return
    try:
        plain = expanded(word, lambda _: None, escape=escape)
    except ValueError as error:
        raise ValueError(f'{error}; a path with a space stands in a list, like ["a b", "/"]') from error
    # Where the stage is one of Windows, a backslash divides folders, and the drive is no part of the path.
    for path in dict.fromkeys((plain, _DRIVE.sub("", plain.replace(BACKSLASH, "/")))):
        yield _with_parents(path) if with_parents else _from_top(path)


def _from_top(path: str) -> str:
    return posixpath.normpath(f"/{path}").lstrip("/")


def _with_parents(path: str) -> str:
    """The folder of a source before anything in it that may reach deeper; what stands before `/./` is a folder, too."""
    above, _, below = path.partition(_PIVOT) if _PIVOT in path else ("", "", path)
    steps = _from_top(f"{_from_top(above)}/{_from_top(below)}").split("/")
    shallow = next((depth for depth, step in enumerate(steps) if _DEEP.search(step)), len(steps))
    return "/".join(steps[:shallow])


def _regex(pattern: str) -> str:
    if pattern == _EVERYTHING:
        return ".*"
    try:
        wild = f"|{regex_of(pattern)}"
    except ValueError:
        wild = ""  # BuildKit refuses the build and says why
    return f"{re.escape(pattern)}{wild}"
