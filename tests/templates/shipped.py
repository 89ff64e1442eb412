"""The image that ships with the tool, as tests look at it."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from orchestrator.model.config import Config
from orchestrator.model.dockerfile.instructions import Instruction, instructions
from orchestrator.model.facts import Facts, facts
from orchestrator.model.tags import Tags
from orchestrator.model.tags import tags as tags_of
from orchestrator.model.variants import Variant
from orchestrator.render.dockerfile import SUFFIX, TEMPLATES, path_of, render
from orchestrator.tools import files, inputs

ROOT = Path(__file__).parents[2]


@cache
def config() -> Config:
    return inputs.load(root=ROOT, environment={}, overrides={}).config


@cache
def all_facts() -> tuple[Facts, ...]:
    return facts(inputs.load(root=ROOT, environment={}, overrides={}).catalog, config())


@cache
def tags() -> Mapping[tuple[str, Variant], Tags]:
    return tags_of(inputs.load(root=ROOT, environment={}, overrides={}).catalog, config())


@cache
def dockerfiles() -> dict[str, str]:
    """Dockerfiles by the name of their target."""
    return rendered(all_facts())


def rendered(chosen: Iterable[Facts]) -> dict[str, str]:
    """Dockerfiles of these lines and variants by the name of their target."""
    targets = tuple(chosen)
    tree = render(targets, files.read_folder(ROOT / TEMPLATES, suffix=SUFFIX))
    return {each.name: tree[path_of(each)] for each in targets}


def scripts(dockerfile: str) -> list[str]:
    """What the RUN instructions of a Dockerfile hand to the shell."""
    one_liners = [f"{each.text}\n" for each in instructions(dockerfile) if _is_one_liner(each)]
    return [*one_liners, *re.findall(r"^RUN [^\n]*<<EOF\n(.*?)^EOF$", dockerfile, re.DOTALL | re.MULTILINE)]


def _is_one_liner(instruction: Instruction) -> bool:
    return instruction.keyword == "RUN" and "<<EOF" not in instruction.text
