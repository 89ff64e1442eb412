"""Refusals: why what leads to an engine or to a builder led to none, and what to do about it."""

from dataclasses import dataclass

from orchestrator.errors import OrchestratorError


@dataclass(frozen=True, slots=True)
class Refusal:
    """What kept a connection from an engine or a BuildKit."""

    reason: str
    remedy: str
    error: type[OrchestratorError]
    """What it is for a run that needs the connection."""
