"""Rewrites a Dockerfile for the classic builder, which can be told about bases and downloads in no other way."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.model.dockerfile.context_sources import ContextSources
from orchestrator.model.dockerfile.instructions import Instruction, instructions
from orchestrator.model.dockerfile.stages import Stage, stages
from orchestrator.model.dockerfile.words import fields, listed
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference

SOURCE = "source"
"""The stage that holds nothing but downloads."""
SOURCE_FOLDER = ".orchestrator-source"
"""Where the downloads lie in the context, in place of that stage."""

# https://github.com/moby/moby/blob/v26.1.5/builder/dockerfile/dispatchers.go: the others need BuildKit.
_FLAGS: Mapping[str, frozenset[str]] = {
    "ADD": frozenset({"chown"}),
    "COPY": frozenset({"chown", "from"}),
    "FROM": frozenset({"platform"}),
    "HEALTHCHECK": frozenset({"interval", "retries", "start-period", "timeout"}),
}
_BUILDER_ARGUMENTS = frozenset({"BUILDARCH", "BUILDOS", "BUILDPLATFORM", "BUILDVARIANT"})
_NAME = re.compile(r"\w+")


def has_source_stage(text: str) -> bool:
    """Whether a Dockerfile has a stage that downloads can take the place of; raises ValueError."""
    return any(map(_opens_source, instructions(text)))


def problems(text: str, *, has_source: bool) -> tuple[str, ...]:
    """What of a Dockerfile only BuildKit can do, a sentence each; raises ValueError for one that cannot be read.

    `has_source`: the stage `source`, if there is one, is replaced by downloads, so whatever it says is no problem.
    """
    found: list[str] = []
    is_replaced = False
    for each in instructions(text):
        if each.keyword == "FROM":
            is_replaced = has_source and _opens_source(each)
        if not is_replaced:
            found += (f"line {each.line}: {what}" for what in _problems(each))
    is_kept = has_source and has_source_stage(text)
    if is_kept and ContextSources.of(text).reach([f"{SOURCE_FOLDER}/any"]):
        found.append("a COPY takes the whole context, where the classic builder has the downloads; name what it takes")
    return tuple(found)


def rewritten(
    text: str, build_args: Mapping[str, str], *, bases: Mapping[Reference, Reference], has_source: bool
) -> str:
    """The Dockerfile with every image by its digest, and what is taken from the stage `source` out of the context.

    `bases` are the images by what the Dockerfile calls them: where they are pulled from. Lines keep their numbers.
    Raises ValueError with the line for what cannot be rewritten.
    """
    every = stages(text, build_args)
    source = next((number for number, stage in enumerate(every) if has_source and stage.name == SOURCE), -1)
    rewriting = _Rewriting(every, source, bases)
    lines = text.split("\n")
    found = instructions(text)
    ends = (*(instruction.line - 1 for instruction in found[1:]), len(lines))
    stage = -1
    for instruction, end in zip(found, ends, strict=True):
        stage += instruction.keyword == "FROM"
        new = rewriting.instruction(instruction, stage)
        if new is not None:
            # Between an instruction and the next stand only lines that continue it, comments and blank lines.
            lines[instruction.line - 1 : end] = [new, *("" for _ in range(instruction.line, end))]
    return "\n".join(lines)


def automatic_arguments(text: str, platform: Platform) -> dict[str, str]:
    """Those of the arguments that BuildKit sets by itself, and the classic builder does not, which a stage asks for."""
    values = {
        "TARGETPLATFORM": str(platform),
        "TARGETOS": platform.os,
        "TARGETARCH": platform.architecture,
        "TARGETVARIANT": platform.variant,
    }
    return {name: values[name] for name in sorted(values.keys() & set(_declared(text)))}


def _opens_source(instruction: Instruction) -> bool:
    return instruction.keyword == "FROM" and instruction.text.lower().split()[1:] == ["as", SOURCE]


def _problems(instruction: Instruction) -> Iterator[str]:
    known = _FLAGS.get(instruction.keyword, frozenset())
    for flag in dict.fromkeys(flag for flag, _ in instruction.flags if flag not in known):
        yield f"{instruction.keyword} --{flag} needs BuildKit; the classic builder does not have it"
    if instruction.heredocs:
        yield "a heredoc needs BuildKit; continue the line instead, or COPY a file"
    if instruction.keyword == "ARG":
        for name in sorted(_BUILDER_ARGUMENTS & set(_names(instruction))):
            yield f"{name} has a value only with BuildKit; the classic builder leaves it empty"


def _declared(text: str) -> Iterator[str]:
    for instruction in instructions(text):
        if instruction.keyword == "ARG":
            yield from _names(instruction)


def _names(instruction: Instruction) -> list[str]:
    return [match[0] for word in instruction.text.split() if (match := _NAME.match(word))]


@dataclass(frozen=True, slots=True)
class _Rewriting:
    stages: Sequence[Stage]
    source: int
    """The number of the stage whose place SOURCE_FOLDER takes; -1 for none."""
    bases: Mapping[Reference, Reference]

    def instruction(self, instruction: Instruction, stage: int) -> str | None:
        """What takes the place of an instruction of a stage; None where it stays."""
        if 0 <= stage == self.source:
            return ""
        if instruction.keyword == "FROM":
            return self._from(instruction, stage)
        if instruction.keyword == "COPY":
            return self._copy(instruction, stage)
        return None

    def _from(self, instruction: Instruction, stage: int) -> str | None:
        base = self.stages[stage].base
        if self.source >= 0 and base.lower() == SOURCE:
            raise ValueError(f"line {instruction.line}: the classic builder takes files from `source` by COPY alone")
        image = self._image(base, stage)
        if image is None:
            return None
        named = instruction.text.split()[1:]
        return " ".join(("FROM", str(image), *named))

    def _copy(self, instruction: Instruction, stage: int) -> str | None:
        taken = dict(instruction.flags).get("from")
        if taken is None:
            return None
        flags = [(flag, value) for flag, value in instruction.flags if flag != "from"]
        number = self._number(taken, stage)
        if number is None:
            image = self._image(taken, stage)
            return None if image is None else _written(replace(instruction, flags=(("from", str(image)), *flags)))
        if number == self.source:
            inside = self._from_folder(instruction.text)
            return _written(replace(instruction, flags=tuple(flags), text=inside))
        if taken.isdecimal() and 0 <= self.source < number:
            # One stage less stands before it.
            return _written(replace(instruction, flags=(("from", str(number - 1)), *flags)))
        return None

    def _number(self, name: str, before: int) -> int | None:
        """Which stage a name or number means, or None for an image."""
        if name.isdecimal():
            return int(name)
        found = [number for number, stage in enumerate(self.stages[:before]) if stage.name == name.lower()]
        return found[-1] if found else None

    def _image(self, name: str, stage: int) -> Reference | None:
        """Where an image is pulled from; None for what is none: an earlier stage, or nothing at all."""
        if name == "scratch" or self._number(name, stage) is not None:
            return None
        return self.bases[Reference.parse(name)]

    def _from_folder(self, text: str) -> str:
        if words := listed(text):
            *paths, target = words
            return json.dumps([*(f"{SOURCE_FOLDER}/{path.lstrip('/')}" for path in paths), target])
        *sources, last = fields(text)
        return " ".join((*(_moved(word) for word in sources), last))


def _moved(word: str) -> str:
    """A path of the stage as one of the context; where a quote opens it, the quote stays first."""
    quote = word[0] if word[0] in "\"'" else ""
    return f"{quote}{SOURCE_FOLDER}/{word[len(quote) :].lstrip('/')}"


def _written(instruction: Instruction) -> str:
    flags = (f"--{flag}={value}" for flag, value in instruction.flags)
    return " ".join((instruction.keyword, *flags, instruction.text))
