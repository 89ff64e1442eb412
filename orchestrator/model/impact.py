"""What stands on a base image, and what becomes of it when the base moves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.errors import NothingSelectedError
from orchestrator.model.bases import Base
from orchestrator.model.dockerfiles import images_by_stage, stages
from orchestrator.model.facts import Facts
from orchestrator.model.problems import nearest
from orchestrator.model.references import Reference
from orchestrator.model.targets import Target


@dataclass(frozen=True, slots=True)
class Standing:
    """One rendered Dockerfile that stands on a base."""

    facts: Facts
    stages: tuple[str, ...]
    """The stages that stand on it or take files from it, by name or else by number."""


class Effect(StrEnum):
    """What a move of its base means for one build."""

    REBUILT = "built again"
    UNCHANGED = "unchanged"
    IMPOSSIBLE = "no longer possible"


@dataclass(frozen=True, slots=True)
class Impact:
    """One build, and the manifest of its base for its platform before and after."""

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
    base: Reference, dockerfiles: Mapping[Facts, str], build_args: Mapping[str, str]
) -> tuple[Standing, ...]:
    """The Dockerfiles that stand on a base in any stage; raises NothingSelectedError that names what comes nearest."""
    found: list[Standing] = []
    known: dict[Reference, None] = {}
    for facts, text in dockerfiles.items():
        by_stage = {
            stage.name: [Reference.parse(image) for image in several]
            for stage, several in images_by_stage(stages(text, build_args))
        }
        known.update(dict.fromkeys(image for several in by_stage.values() for image in several))
        if mine := tuple(name for name, several in by_stage.items() if base in several):
            found.append(Standing(facts, mine))
    if not found:
        names = [image.short for image in known]
        raise NothingSelectedError(f"nothing stands on {base.short}; {nearest(base.short, names)}")
    return tuple(found)


def impacts(targets: Iterable[Target], *, before: Base, after: Base) -> tuple[Impact, ...]:
    """What becomes of each build when its base moves; those of platforms that it did not have before are left out."""
    return tuple(
        Impact(target, old.digest, new.digest if (new := after.resolved(target.arch)) else "")
        for target in targets
        if (old := before.resolved(target.arch))
    )
