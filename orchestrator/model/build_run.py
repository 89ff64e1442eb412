"""What one run of `build` did."""

from dataclasses import dataclass

from orchestrator.errors import ExitCode, worst
from orchestrator.model.outcomes import Outcome, exit_code
from orchestrator.model.plan import Plan
from orchestrator.model.publishing.moves import Moved


@dataclass(frozen=True, slots=True)
class BuildRun:
    """The plan, and what became of it."""

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    """One for each build of the plan and each target that is unknown in it; none after a dry run."""
    moved: tuple[Moved, ...] = ()
    loaded: tuple[str, ...] = ()
    """Names that the local engine has for the images now."""
    unwritten: tuple[str, ...] = ()
    """What keeps the results from being written to this machine's disk."""

    @property
    def code(self) -> ExitCode:
        of_disk = ExitCode.LOCAL_OUTPUT if self.unwritten else ExitCode.DONE
        return worst((self.plan.code, exit_code(self.outcomes), of_disk, *(each.code for each in self.moved)))
