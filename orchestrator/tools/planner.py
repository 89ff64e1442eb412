"""Makes the plan of a set of targets: reads their contexts, ties their bases to digests, asks staging what is there."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from orchestrator.errors import InputError, OrchestratorError, joined
from orchestrator.model.bases import BUILDERS, SCRATCH, Mirrors, ResolvedBase
from orchestrator.model.dockerfile.stages import images, images_on_builder, stages
from orchestrator.model.plan import Build, Parent, Plan, Unknown, planned
from orchestrator.model.plan.build_id import BuildInputs, parent_input
from orchestrator.model.plan.kept_inputs import KeptInputs
from orchestrator.model.plan.parents import Lineage
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.targets import Target
from orchestrator.tools import bases, contexts, staging
from orchestrator.tools.bases import Resolved
from orchestrator.tools.registry import Registry

_BUILDERS = {"local": "buildkit", "context": "buildkit", "remote": "buildkit", "classic": "classic"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one rendered directory asks for, the same on every arch."""

    directory: PurePosixPath
    dockerfile: str
    files: Mapping[str, str]
    images: tuple[Reference, ...]
    on_builder: frozenset[Reference] = frozenset()
    """Those that run on the builder's own platform: they are tied to their index, for any other use as well."""

    def arch_of(self, image: Reference, target: Target) -> str:
        """Which manifest of an image a target stands on: that of an arch, or BUILDERS."""
        return BUILDERS if image in self.on_builder else target.arch


async def resolved_bases(
    family: Lineage, recipes: Mapping[str, Recipe], *, mirrors: Mirrors, registry: Registry
) -> Resolved:
    """Tie every base of these targets to a digest; `recipes` by the target's name without its arch.

    Asks once for each distinct base, and of parents nobody. Raises one error with everything that is wrong with any of
    them, and where no base at all can be looked up.
    """
    _refuse_parents_on_builder(family, recipes)
    wanted = {
        (image, recipe.arch_of(image, target))
        for target in family.targets
        for recipe in (recipes[target.facts.name],)
        for image in recipe.images
        if image not in family.parents_of(target)
    }
    return await bases.resolve(sorted(wanted), registry=registry, mirrors=mirrors)


async def plan(
    family: Lineage,
    recipes: Mapping[str, Recipe],
    resolved: Resolved,
    *,
    build_args: Mapping[str, str],
    registry: Registry,
    repositories: Repositories,
) -> Plan:
    """The plan of these targets; asks staging for each build, and for what is not there once more.

    What cannot be looked up is unknown in the plan; raises the error where nothing else is left.
    """
    found: dict[Target, Build | Unknown] = {}
    for target in family.targets:
        recipe = recipes[target.facts.name]
        parents = {name: found[parent] for name, parent in family.parents_of(target).items()}
        one = _build(target, recipe, resolved, parents, build_args=build_args, repositories=repositories)
        found[target] = replace(one, selected=target in family.selected)
    builds = tuple(each for each in found.values() if isinstance(each, Build))
    unasked = Plan(builds, tuple(each for each in found.values() if isinstance(each, Unknown)))
    made = unasked.with_staged(await staging.find(unasked, registry))
    if made.unknown and not made.builds:
        # A registry out of reach is to blame for all of them alike: one of each kind says it.
        raise joined(list({type(unknown.error): unknown.error for unknown in reversed(made.unknown)}.values()))
    return made


def recipe(root: Path, path: PurePosixPath, dockerfile: str, build_args: Mapping[str, str]) -> Recipe:
    """Read what a rendered Dockerfile (its path below `root`, its text) asks for; raises InputError."""
    try:
        every = stages(dockerfile, build_args)
        on_builder = frozenset(map(Reference.parse, images_on_builder(every)))
        names = map(Reference.parse, images(every))
        wanted = tuple(name for name in names if name != SCRATCH)
        files = contexts.files(root / path.parent, dockerfile)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
    return Recipe(path.parent, dockerfile, files, wanted, on_builder)


def _refuse_parents_on_builder(family: Lineage, recipes: Mapping[str, Recipe]) -> None:
    """A parent is built for the target's arch, and what the builder runs is not known before."""
    problems = {
        f"{recipe.directory}/Dockerfile: {image.short} is built here, each arch on itself; "
        "leave out --platform=$BUILDPLATFORM"
        for target in family.targets
        for recipe in (recipes[target.facts.name],)
        for image in recipe.on_builder & family.parents_of(target).keys()
    }
    if problems:
        raise InputError(*sorted(problems))


def _build(
    target: Target,
    recipe: Recipe,
    resolved: Resolved,
    parents: Mapping[Reference, Build | Unknown],
    *,
    build_args: Mapping[str, str],
    repositories: Repositories,
) -> Build | Unknown:
    found = [resolved[image, recipe.arch_of(image, target)] for image in recipe.images if image not in parents]
    if errors := [each for each in found if isinstance(each, OrchestratorError)]:
        return Unknown(target, joined(errors))
    if unknown := [each for each in parents.values() if isinstance(each, Unknown)]:
        return Unknown(target, unknown[0].error, parent=unknown[0].target)
    bases = tuple(each for each in found if isinstance(each, ResolvedBase))
    own = {name: each for name, each in parents.items() if isinstance(each, Build)}
    inputs = BuildInputs(
        dockerfile=hashlib.sha256(recipe.dockerfile.encode()).hexdigest(),
        files=recipe.files,
        platform=target.platform,
        build_args=build_args,
        bases={
            **{base.name.short: base.digest for base in bases},
            **{name.short: parent_input(parent.build_id) for name, parent in own.items()},
        },
        builder=_BUILDERS[repositories.config.builder_of(target.arch, target.facts.variant).driver],
    )
    kept = KeptInputs(inputs, recipe.dockerfile)
    build = planned(target, kept, bases=bases, directory=recipe.directory, repositories=repositories)
    return replace(build, parents=tuple(Parent(name, parent.target, parent.staging) for name, parent in own.items()))
