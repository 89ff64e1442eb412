"""How the builds of a run are carried out."""

from dataclasses import dataclass

from orchestrator.tools.progress import Mode


@dataclass(frozen=True, slots=True)
class Work:
    """What a run is told of it."""

    jobs: int | None
    idle_timeout: float
    """Seconds."""
    timeout: float
    """Seconds."""
    fail_fast: bool
    emulate: bool
    progress: Mode
