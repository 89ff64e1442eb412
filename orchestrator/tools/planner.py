"""Makes the plan of a set of targets: reads their contexts, ties their bases to digests, asks staging what is there."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from orchestrator.errors import InputError, OrchestratorError, joined
from orchestrator.model.bases import SCRATCH, Mirrors, ResolvedBase
from orchestrator.model.build_id import BuildInputs
from orchestrator.model.dockerfiles import images, stages
from orchestrator.model.kept_inputs import KeptInputs
from orchestrator.model.plan import Build, Plan, Unknown, planned
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.targets import Target
from orchestrator.tools import bases, contexts, staging
from orchestrator.tools.bases import Resolved
from orchestrator.tools.registry import Registry

_TARGETS_OWN = ("", "$TARGETPLATFORM", "${TARGETPLATFORM}")
_BUILDERS = {"local": "buildkit", "context": "buildkit", "remote": "buildkit", "classic": "classic"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one rendered directory asks for, the same on every arch."""

    directory: PurePosixPath
    dockerfile: str
    files: Mapping[str, str]
    images: tuple[Reference, ...]


async def resolved_bases(
    targets: Iterable[Target], recipes: Mapping[str, Recipe], *, mirrors: Mirrors, registry: Registry
) -> Resolved:
    """Tie every base of these targets to a digest; `recipes` by the target's name without its arch.

    Asks once for each distinct base. Raises one error with everything that is wrong with any of them, and where no
    base at all can be looked up.
    """
    wanted = {(image, target.arch) for target in targets for image in recipes[target.facts.name].images}
    return await bases.resolve(sorted(wanted), registry=registry, mirrors=mirrors)


async def plan(
    targets: Iterable[Target],
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
    outcomes = [
        _build(target, recipes[target.facts.name], build_args, resolved, repositories=repositories)
        for target in targets
    ]
    builds = tuple(outcome for outcome in outcomes if isinstance(outcome, Build))
    unasked = Plan(builds, tuple(outcome for outcome in outcomes if isinstance(outcome, Unknown)))
    made = unasked.with_staged(await staging.find(unasked, registry))
    if made.unknown and not made.builds:
        # A registry out of reach is to blame for all of them alike: one of each kind says it.
        raise joined(list({type(unknown.error): unknown.error for unknown in reversed(made.unknown)}.values()))
    return made


def recipe(root: Path, path: PurePosixPath, dockerfile: str, build_args: Mapping[str, str]) -> Recipe:
    """Read what a rendered Dockerfile (its path below `root`, its text) asks for; raises InputError."""
    try:
        _refuse_other_platforms(dockerfile, build_args)
        names = (Reference.parse(image) for image in images(dockerfile, build_args))
        wanted = tuple(name for name in names if name != SCRATCH)
        files = contexts.files(root / path.parent, dockerfile)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
    return Recipe(path.parent, dockerfile, files, wanted)


def _refuse_other_platforms(dockerfile: str, build_args: Mapping[str, str]) -> None:
    """Bases are tied to the target's platform, so a stage that runs on another one would get the wrong manifest."""
    for stage in stages(dockerfile, build_args):
        if stage.platform not in _TARGETS_OWN:
            raise ValueError(f"stage {stage.name}: --platform={stage.platform} is not possible yet; leave it out")


def _build(
    target: Target,
    recipe: Recipe,
    build_args: Mapping[str, str],
    resolved: Resolved,
    *,
    repositories: Repositories,
) -> Build | Unknown:
    found = [resolved[image, target.arch] for image in recipe.images]
    if errors := [each for each in found if isinstance(each, OrchestratorError)]:
        return Unknown(target, joined(errors))
    mine = tuple(each for each in found if isinstance(each, ResolvedBase))
    inputs = BuildInputs(
        dockerfile=hashlib.sha256(recipe.dockerfile.encode()).hexdigest(),
        files=recipe.files,
        platform=target.platform,
        build_args=build_args,
        bases={base.name.short: base.digest for base in mine},
        builder=_BUILDERS[repositories.config.builder_of(target.arch).driver],
    )
    kept = KeptInputs(inputs, recipe.dockerfile)
    return planned(target, kept, bases=mine, directory=recipe.directory, repositories=repositories)
