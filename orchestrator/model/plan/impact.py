"""What stands on a base image, by itself or through parents, and what becomes of it when the base moves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.errors import NothingSelectedError
from orchestrator.model.bases import BUILDERS, Base
from orchestrator.model.dockerfile.stages import Stage, images_by_stage, stages
from orchestrator.model.facts import Facts
from orchestrator.model.plan.needs import needed_by, reached
from orchestrator.model.plan.parents import PublicNames
from orchestrator.model.problems import nearest
from orchestrator.model.references import Reference
from orchestrator.model.targets import Target

Taken = Mapping[Stage, tuple[Reference, ...]]
"""The images outside a Dockerfile by the stage that stands on them or takes files from them."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One rendered Dockerfile that stands on a base."""

    facts: Facts
    stages: tuple[str, ...]
    """The stages that stand on it or take files from it, by name or else by number."""
    through: tuple[str, ...] = ()
    """The parents that stand on it themselves, by the names of their targets without an arch."""
    is_by_index: bool = False
    """Whether any move of it counts, for a stage or a parent's runs on the builder's own platform."""


class Effect(StrEnum):
    """What a move of its base means for one build."""

    REBUILT = "built again"
    UNCHANGED = "unchanged"
    IMPOSSIBLE = "no longer possible"


@dataclass(frozen=True, slots=True)
class Impact:
    """One build, and the manifest of its base for its platform, or its whole index, before and after."""

    target: Target
    before: str
    after: str
    """Empty where the moved base lacks the platform."""

    @property
    def effect(self) -> Effect:
        if not self.after:
            return Effect.IMPOSSIBLE
        return Effect.UNCHANGED if self.before == self.after else Effect.REBUILT


def standing_on(
    base: Reference, dockerfiles: Mapping[Facts, str], build_args: Mapping[str, str], names: PublicNames
) -> tuple[Standing, ...]:
    """The Dockerfiles that stand on a base in any stage, and those that stand on these, and so on.

    The base may be a parent, by any of its tags. Raises NothingSelectedError that names what comes nearest.
    """
    taken = {facts: _taken(text, build_args) for facts, text in dockerfiles.items()}
    direct = {facts: _standing(facts, stages, base, names) for facts, stages in taken.items()}
    parents = {facts: _parents(facts, stages, names) for facts, stages in taken.items()}
    children = needed_by(parents)
    concerned = reached((facts for facts, mine in direct.items() if mine), children)
    if not concerned:
        known = {image.short for stages in taken.values() for several in stages.values() for image in several}
        raise NothingSelectedError(f"nothing stands on {base.short}; {nearest(base.short, known)}")
    on_builder = (facts for facts, mine in direct.items() if any(stage.is_on_builder for stage in mine))
    whole = reached(on_builder, children)
    return tuple(
        Standing(
            facts,
            stages=tuple(stage.name for stage in direct[facts]),
            through=tuple(parent.name for parent in parents[facts] if parent in concerned),
            is_by_index=facts in whole,
        )
        for facts in taken
        if facts in concerned
    )


def impacts(
    standing: Iterable[Standing], targets: Iterable[Target], *, before: Base, after: Base
) -> tuple[Impact, ...]:
    """What becomes of each target that stands on a base when it moves.

    Those of platforms that it did not have before are left out.
    """
    by_index = {each.facts: each.is_by_index for each in standing}
    concerned = ((each, BUILDERS if by_index[each.facts] else each.arch) for each in targets if each.facts in by_index)
    return tuple(
        Impact(target, old.digest, new.digest if (new := after.resolved(arch)) else "")
        for target, arch in concerned
        if (old := before.resolved(arch))
    )


def _taken(text: str, build_args: Mapping[str, str]) -> Taken:
    found = images_by_stage(stages(text, build_args))
    return {stage: tuple(Reference.parse(image) for image in several) for stage, several in found}


def _standing(facts: Facts, taken: Taken, base: Reference, names: PublicNames) -> tuple[Stage, ...]:
    """The stages that stand on a base: under this name, or under another tag of the same target."""
    same = set(names.published(base, to=facts))
    return tuple(
        stage
        for stage, several in taken.items()
        if any(image == base or not same.isdisjoint(names.published(image, to=facts)) for image in several)
    )


def _parents(facts: Facts, taken: Taken, names: PublicNames) -> tuple[Facts, ...]:
    images = (image for several in taken.values() for image in several)
    return tuple(dict.fromkeys(parent for image in images for parent in names.published(image, to=facts)))
