"""Reads a Dockerfile as far as a plan needs it: its instructions, its stages, and the images they stand on."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# https://docs.docker.com/reference/dockerfile/ is the grammar; BuildKit's own reading of it is the judge in tests.
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*?)\s*")
_HEREDOC = re.compile(r"(?<!<)<<(-?)(['\"]?)([A-Za-z_][A-Za-z0-9_]*)\2")
_TAKES_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=(\S*))?\s*")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:[-+])([^{}]*))?\})")
_SCRATCH = "scratch"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its continuation lines joined, comments gone."""

    line: int
    """The number of its first line, from 1."""
    keyword: str
    """In capitals."""
    flags: tuple[tuple[str, str], ...]
    text: str
    """What follows keyword and flags."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One `FROM` and the other images that its instructions take files from."""

    name: str
    """Lower-case name after AS, else its number."""
    base: str
    """What FROM names with build arguments filled in: an image or an earlier stage."""
    platform: str
    """The value of `--platform`, arguments not filled in; empty for the target's own."""
    takes: tuple[str, ...]
    """What `COPY --from`, `ADD --from` and `RUN --mount=from=` name."""


def instructions(text: str) -> tuple[Instruction, ...]:
    """Split a Dockerfile into instructions; raises ValueError with the line number."""
    return tuple(_instructions(text, escape=directives(text).get("escape", "\\")))


def directives(text: str) -> Mapping[str, str]:
    """The parser directives at the very top, such as `# escape=`; names in lower case."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _DIRECTIVE.fullmatch(line.strip())
        if match is None or match[1].lower() in found:
            break
        found[match[1].lower()] = match[2]
    return found


def stages(text: str, build_args: Mapping[str, str]) -> tuple[Stage, ...]:
    """The stages of a Dockerfile under these build arguments; raises ValueError with the line number."""
    arguments: dict[str, str] = {}
    found: list[Stage] = []
    for instruction in instructions(text):
        if instruction.keyword == "ARG" and not found:
            arguments.update(_arguments(instruction.text, build_args, arguments))
        elif instruction.keyword == "FROM":
            found.append(_stage(instruction, number=len(found), arguments=arguments))
        elif found:
            last = found[-1]
            found[-1] = Stage(last.name, last.base, last.platform, (*last.takes, *_sources(instruction)))
    if not found:
        raise ValueError("line 1: a Dockerfile needs at least one FROM")
    return tuple(found)


def images(text: str, build_args: Mapping[str, str]) -> tuple[str, ...]:
    """Every image outside the Dockerfile that it stands on or takes files from, as written, each once."""
    names: set[str] = set()
    found: dict[str, None] = {}
    for number, stage in enumerate(stages(text, build_args)):
        for image in (stage.base, *stage.takes):
            if image.lower() not in names and image != _SCRATCH and not image.isdigit():
                found[image] = None
        names.update((stage.name, str(number)))
    return tuple(found)


def _instructions(text: str, *, escape: str) -> Iterator[Instruction]:
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if _says_nothing(line):
            continue
        keyword, rest = (*_continued(line, lines, escape=escape).split(None, 1), "")[:2]
        if keyword.upper() in _TAKES_HEREDOCS:
            _skip_heredocs(rest, lines, opened=number)
        yield _instruction(number, keyword.upper(), rest)


def _says_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _continued(line: str, lines: Iterator[tuple[int, str]], *, escape: str) -> str:
    """The line with the lines that continue it; blank lines and comments in between do not end it."""
    parts: list[str] = []
    while line.rstrip().endswith(escape):
        parts.append(line.rstrip().removesuffix(escape))
        line = next((text for _, text in lines if not _says_nothing(text)), "")
    return "".join([*parts, line]).strip()


def _skip_heredocs(text: str, lines: Iterator[tuple[int, str]], *, opened: int) -> None:
    for dash, _, word in _HEREDOC.findall(text):
        if not any((line.lstrip("\t") if dash else line) == word for _, line in lines):
            raise ValueError(f"line {opened}: the heredoc <<{word} has no end")


def _instruction(line: int, keyword: str, rest: str) -> Instruction:
    flags: list[tuple[str, str]] = []
    rest = rest.lstrip()
    while match := _FLAG.match(rest):
        flags.append((match[1], match[2] or ""))
        rest = rest[match.end() :]
    return Instruction(line, keyword, tuple(flags), rest)


def _arguments(text: str, build_args: Mapping[str, str], known: Mapping[str, str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for word in text.split():
        name, has_default, default = word.partition("=")
        if name in build_args:
            found[name] = build_args[name]
        elif has_default:
            found[name] = _filled(default.strip("\"'"), {**known, **found})
    return found


def _stage(instruction: Instruction, *, number: int, arguments: Mapping[str, str]) -> Stage:
    match instruction.text.split():
        case [base]:
            name = str(number)
        case [base, word, name] if word.upper() == "AS":
            pass
        case _:
            raise ValueError(f"line {instruction.line}: expected `FROM image [AS name]`, got {instruction.text!r}")
    filled = _filled(base, arguments)
    if not filled:
        raise ValueError(f"line {instruction.line}: FROM {base} names nothing; give the argument a default")
    return Stage(name.lower(), filled, dict(instruction.flags).get("platform", ""), ())


def _sources(instruction: Instruction) -> Iterator[str]:
    for flag, value in instruction.flags:
        if flag == "from":
            yield value
        elif flag == "mount":
            options = dict(option.partition("=")[::2] for option in value.split(","))
            if "from" in options:
                yield options["from"]


def _filled(text: str, arguments: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        given = arguments.get(name, "")
        if match[3] == ":-":
            return given or match[4]
        if match[3] == ":+":
            return match[4] if given else ""
        return given

    return _VARIABLE.sub(value, text)
