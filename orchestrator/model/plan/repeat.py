"""The one command that repeats a build, with what its run was told."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from orchestrator.model.targets import Target

_PLAIN = re.compile(r"[A-Za-z0-9_=.,:/@%+-]+")


@dataclass(frozen=True, slots=True)
class Told:
    """What a run was told by options, and what no file of the image says."""

    registry: str = ""
    """Where images go; empty for what the configuration says, as all of these."""
    mirrors: str = ""
    """As `--mirror` takes them."""
    build_args: Mapping[str, str] = field(default_factory=dict)
    """Those that are not what the configuration says."""
    emulate: bool = False
    folder: str = ""
    """The image's, as `-C` names it; empty for the one that the run is in."""
    has_makefile: bool = True
    """Whether that folder has one; an image that is kept apart from the tool has none."""


def repeat_command(target: Target, told: Told, *, forced: str) -> str:
    """What to type to build a target again; by `make` where that can say it all.

    `forced` is the reason without which nothing would be built, because it is staged already.
    """
    arguments = [f"{name}={value}" for name, value in sorted(told.build_args.items())]
    # Make takes words apart at spaces and reads `$`, so other values cannot go through it.
    is_plain = all(_PLAIN.fullmatch(word) for word in filter(None, (*arguments, told.registry)))
    if forced or told.mirrors or told.folder or not (told.has_makefile and is_plain):
        return shlex.join(_orchestrator(target, told, arguments, forced))
    facts = target.facts
    words = {
        "VERSION": facts.line,
        "VARIANT": facts.variant.name,
        "ARCH": target.arch,
        "REGISTRY": told.registry,
        "EMULATE": "1" if told.emulate else "",
        "BUILD_ARGS": " ".join(arguments),
    }
    return " ".join(("make build", *(f"{name}={shlex.quote(value)}" for name, value in words.items() if value)))


def _orchestrator(target: Target, told: Told, arguments: list[str], forced: str) -> Iterator[str]:
    yield "orchestrator"
    yield from ("-C", told.folder) if told.folder else ()
    yield from ("--registry", told.registry) if told.registry else ()
    yield from ("--mirror", told.mirrors) if told.mirrors else ()
    yield from ("build", str(target))
    yield from ("--emulate",) if told.emulate else ()
    yield from (word for argument in arguments for word in ("--build-arg", argument))
    yield from ("--force", "--reason", forced) if forced else ()
