"""How many builds may run at once: on each builder, and all together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.model.config import Config
from orchestrator.model.fields import DEFAULT_BUILDER


@dataclass(frozen=True, slots=True)
class Slots:
    """Counts of builds at once."""

    together: int
    on_builder: Mapping[str, int]
    """By the builder's key in `builders`."""
    builder_of: Mapping[str, str]
    """That key by arch."""


def slots(arches: Iterable[str], config: Config, *, jobs: int | None, processors: int) -> Slots:
    """What `jobs` of each builder allows, and the run's own `jobs` for all together.

    A builder that does not say gets one build for each processor; a run that does not say, what its largest builder
    gets, for the builders of this machine share it.
    """
    builder_of = {arch: arch if arch in config.builders else DEFAULT_BUILDER for arch in arches}
    on_builder = {key: config.builder_of(arch).jobs or processors for arch, key in builder_of.items()}
    return Slots(jobs or max(on_builder.values(), default=processors), on_builder, builder_of)
