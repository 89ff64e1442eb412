"""What one run of `publish` did."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.errors import ExitCode, worst
from orchestrator.model.publishing.journal import Journal
from orchestrator.model.publishing.moves import Moved


@dataclass(frozen=True, slots=True)
class PublishRun:
    """What became of each tag, and what it cost."""

    moved: tuple[Moved, ...]
    journal: Journal
    """What it left in the registry; without entries it left none."""
    requests: Mapping[str, int]
    """Those that were sent to registries, by method."""
    writes: Mapping[str, int] = field(default_factory=dict)
    """The further ones by which the moves that a dry run shows would be made, by method."""

    @property
    def code(self) -> ExitCode:
        return worst(each.code for each in self.moved)
