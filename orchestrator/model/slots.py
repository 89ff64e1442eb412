"""How many builds may run at once: on each builder, and all together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.model.config import Config
from orchestrator.model.config.builders import Builder
from orchestrator.model.targets import Target


@dataclass(frozen=True, slots=True)
class Slots:
    """Counts of builds at once."""

    together: int
    on_builder: Mapping[str, int]
    """By the builder's key in `builders`."""
    builder_of: Mapping[Target, str]
    """That key by target."""


def slots(targets: Iterable[Target], config: Config, *, jobs: int | None, processors: int) -> Slots:
    """What `jobs` of each builder allows, and the run's own `jobs` for all together.

    A builder that does not say gets as many as the run, or one for each processor; a run that does not say, what its
    largest builder gets, for the builders of this machine share it.
    """
    builder_of = {target: config.builder_key(target.arch, target.facts.variant) for target in targets}
    otherwise = jobs or processors
    on_builder = {key: config.builders.get(key, Builder()).jobs or otherwise for key in builder_of.values()}
    return Slots(jobs or max(on_builder.values(), default=processors), on_builder, builder_of)
