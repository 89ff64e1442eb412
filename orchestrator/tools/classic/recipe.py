"""What a build is to the classic builder: a Dockerfile that it understands, arguments, and the archive of a context."""

from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.model.classic import dockerfile as classic_dockerfile
from orchestrator.model.dockerfile.instructions import instructions
from orchestrator.tools import contexts, files
from orchestrator.tools.buildx import Order
from orchestrator.tools.classic import context


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that an engine is sent."""

    context: Path
    """A tar archive, the Dockerfile in it."""
    arguments: dict[str, str]
    platform: str
    lines: tuple[int, ...]
    """Where each instruction begins in the user's Dockerfile, in the order in which the builder counts them."""


def written(order: Order, into: Path) -> Recipe:
    """Write the context of a build; raises InputError for what the classic builder cannot do, LocalOutputError."""
    build = order.build
    name = build.directory / contexts.DOCKERFILE
    text = files.read(order.context / contexts.DOCKERFILE)
    arguments = build.inputs.build_args
    bases = {base.name: base.pinned for base in build.bases}
    try:
        has_source = order.sources is not None and classic_dockerfile.has_source_stage(text)
        problems = classic_dockerfile.problems(text, has_source=has_source)
        rewritten = classic_dockerfile.rewritten(text, arguments, bases=bases, has_source=has_source)
        automatic = classic_dockerfile.automatic_arguments(text, build.target.platform)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from error
    if problems:
        raise InputError(*(f"{name}: {problem}" for problem in problems))
    mine = {path: order.context / path for path in build.inputs.files}
    downloads = context.downloads(order.sources) if has_source and order.sources else {}
    context.write(into, rewritten, files=mine | downloads, epoch=order.epoch)
    lines = tuple(instruction.line for instruction in instructions(rewritten))
    return Recipe(into, automatic | dict(arguments), str(build.target.platform), lines)
