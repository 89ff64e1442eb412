"""Reads a Dockerfile as far as a plan needs it: its stages and the images they stand on."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.model.dockerfile.directives import escape_of
from orchestrator.model.dockerfile.instructions import Instruction, instructions
from orchestrator.model.dockerfile.words import expanded, fields, split
from orchestrator.model.references import Reference

_STAGE_NAME = re.compile(r"[a-z][a-z0-9_.-]*")
_SCRATCH = "scratch"
# BuildKit sets them by itself: https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
_AUTOMATIC = frozenset(
    f"{side}{what}" for side in ("BUILD", "TARGET") for what in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")
) | {"TARGETSTAGE"}
_ON_TARGET = ("", "$TARGETPLATFORM", "${TARGETPLATFORM}")
_ON_BUILDER = ("$BUILDPLATFORM", "${BUILDPLATFORM}")


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
    """What `COPY --from` and `RUN --mount=from=` name: an image or an earlier stage, of the latter also the number."""

    @property
    def is_on_builder(self) -> bool:
        """Whether it runs on the builder's own platform instead of the target's."""
        return self.platform in _ON_BUILDER


def stages(text: str, build_args: Mapping[str, str]) -> tuple[Stage, ...]:
    """The stages of a Dockerfile under these build arguments; raises ValueError with the line number."""
    arguments = _Arguments(build_args, escape_of(text))
    found: list[Stage] = []
    kept: dict[str, Instruction] = {}
    for instruction in instructions(text):
        try:
            if instruction.keyword == "FROM":
                found.append(_stage(instruction, earlier=found, arguments=arguments))
                _refuse_kept(kept.get(found[-1].base))
                kept.pop(found[-1].name, None)
            elif found and instruction.trigger and any(_from(instruction.trigger)):
                kept[found[-1].name] = instruction
            elif found:
                takes = tuple(_takes(instruction, stages=found))
                found[-1] = replace(found[-1], takes=(*found[-1].takes, *takes)) if takes else found[-1]
            elif instruction.keyword == "ARG":
                arguments.declare(instruction.text)
        except ValueError as error:
            raise ValueError(f"line {instruction.line}: {error}") from error
    if not found:
        raise ValueError("line 1: a Dockerfile needs at least one FROM")
    return tuple(found)


def images(every: Sequence[Stage]) -> tuple[str, ...]:
    """Every image outside the Dockerfile of these stages that it stands on or takes files from, as written, each once.

    Stages that the last one does not need count too, as BuildKit looks their images up all the same. Raises ValueError
    for an image that cannot be pinned since a stage has its name.
    """
    names = {word for number, stage in enumerate(every) for word in (stage.name, str(number))}
    found = tuple(dict.fromkeys(image for _, several in images_by_stage(every) for image in several))
    for image in found:
        # A build context stands in for the image and for the stage of its name alike, and would take the stage away.
        if (name := Reference.parse(image).short.removesuffix(":latest")) in names:
            raise ValueError(f"the stage {name} has the name of the image {image}; call the stage something else")
    return found


def images_on_builder(every: Sequence[Stage]) -> frozenset[str]:
    """Those of `images` that a stage with `--platform=$BUILDPLATFORM` stands on, whatever else they are taken for.

    Raises ValueError for a stage on any other platform than this and the target's.
    """
    for stage in every:
        if not stage.is_on_builder and stage.platform not in _ON_TARGET:
            raise ValueError(
                f"stage {stage.name}: --platform={stage.platform} is neither the target's nor the builder's; "
                "leave it out, or write --platform=$BUILDPLATFORM"
            )
    found = images_by_stage(every)
    return frozenset(stage.base for stage, several in found if stage.is_on_builder and stage.base in several)


def images_by_stage(every: Iterable[Stage]) -> Iterator[tuple[Stage, tuple[str, ...]]]:
    """Each stage with the images outside the Dockerfile that it stands on or takes files from, as written."""
    names = {_SCRATCH}
    for number, stage in enumerate(every):
        based = () if stage.base in names else (stage.base,)
        yield stage, (*based, *(take for take in stage.takes if take.lower() not in names))
        names.update((stage.name, str(number)))


class _Arguments:
    """The build arguments that `FROM` may use."""

    def __init__(self, build_args: Mapping[str, str], escape: str) -> None:
        self._given = build_args
        self._escape = escape
        self._declared: dict[str, str] = {}
        self._bare: set[str] = set()

    def declare(self, text: str) -> None:
        for word in split(text, escape=self._escape):
            name, has_default, default = word.partition("=")
            if has_default:
                self._bare.discard(name)
            if name in self._given:
                self._declared[name] = self._given[name]
            elif has_default:
                self._declared[name] = self.fill(default)
            elif name in self._declared:
                raise ValueError(f"ARG {name} stands there once more, without a default; leave it out")
            else:
                self._bare.add(name)

    def is_given(self, name: str) -> bool:
        """Whether an argument has a value that the Dockerfile or somebody gave it."""
        return name in self._declared or name in self._given

    def fill(self, text: str) -> str:
        unset = expanded(text, self._value, escape=self._escape)
        # Declared without a default, it is set to nothing in older releases of BuildKit, and not set in later ones.
        if self._bare and expanded(text, self._value_or_nothing, escape=self._escape) != unset:
            raise ValueError(
                f"{text} asks whether an ARG without a default is set; write a colon, as in ${{NAME:-value}}"
            )
        return unset

    def _value_or_nothing(self, name: str) -> str | None:
        return "" if name in self._bare else self._value(name)

    def _value(self, name: str) -> str | None:
        if name in self._declared:
            return self._declared[name]
        if name in _AUTOMATIC and name not in self._given:
            raise ValueError(f"{name} differs by build, and a base image must not: its name stands for all platforms")
        return self._given[name] if name in _AUTOMATIC else None


def _stage(instruction: Instruction, *, earlier: Sequence[Stage], arguments: _Arguments) -> Stage:
    match fields(instruction.text):
        case (base,):
            name = str(len(earlier))
        case (base, word, name) if word.upper() == "AS" and _STAGE_NAME.fullmatch(name.lower()):
            pass
        case _:
            raise ValueError(f"expected `FROM image [AS name]`, got {instruction.text!r}")
    platform = dict(instruction.flags).get("platform", "")
    if arguments.is_given(platform.strip("${}")):
        raise ValueError(f"--platform={platform} has the value of an argument, not of this build; leave that ARG out")
    filled = arguments.fill(base)
    if not filled:
        raise ValueError(f"FROM {base} names nothing; give the argument a default")
    if filled.isdecimal():
        raise ValueError(f"FROM {filled} names no image; only COPY --from takes a stage by its number")
    if any(take.lower() == name.lower() for stage in earlier for take in stage.takes):
        raise ValueError(f"a stage above takes files from {name}; move {name} before it")
    return Stage(name.lower(), filled, platform, ())


def _takes(instruction: Instruction, *, stages: Sequence[Stage]) -> Iterator[str]:
    for name in _from(instruction):
        if "$" in name:
            raise ValueError(
                f"from={name} must not be a variable; give the image a stage of its own: FROM {name} AS ..."
            )
        if name.lower() == stages[-1].name:
            raise ValueError(f"the stage {name} takes files from itself")
        is_stage_number = instruction.keyword == "COPY" and name in map(str, range(len(stages) - 1))
        if name.isdecimal() and not is_stage_number:
            raise ValueError(f"from={name} is no earlier stage; name one, or an image")
        yield name


def _refuse_kept(instruction: Instruction | None) -> None:
    if instruction is not None:
        raise ValueError(
            f"this carries out line {instruction.line}, ONBUILD {instruction.text}, which older releases of BuildKit "
            "cannot; write it here"
        )


def _from(instruction: Instruction) -> Iterator[str]:
    """What files are taken from; an empty name is the build context."""
    if instruction.keyword == "COPY":
        yield from (value for flag, value in instruction.flags if flag == "from" and value)
    yield from (mount["from"] for mount in instruction.mounts if mount.get("from"))
