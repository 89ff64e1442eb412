"""What displays are told of builds while they run, and the one that logs have: prefixed lines."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TextIO

from orchestrator.model.outcomes import Again, Outcome
from orchestrator.model.plan import Build
from orchestrator.model.sizes import size
from orchestrator.model.solve import Progress


class Mode(StrEnum):
    """What `--progress` takes."""

    AUTO = "auto"
    """A table on a terminal, lines elsewhere."""
    TABLE = "table"
    """Where there is a terminal."""
    LINES = "lines"
    JSON = "json"


class Display(Protocol):
    """Told of everything that happens to builds."""

    def started(self, build: Build) -> None:
        """A build got its slot."""

    def moved(self, build: Build, progress: Progress) -> None:
        """BuildKit came further."""

    def line(self, build: Build, text: str) -> None:
        """One line of the build's log."""

    def phase(self, build: Build, name: str) -> None:
        """What happens after the build itself: checking, pushing, testing."""

    def pushed(self, build: Build, count: int, total: int) -> None:
        """So many bytes of the image are in the registry now, of so many in all."""

    def retried(self, build: Build, again: Again) -> None:
        """An attempt failed, and another one comes after a wait."""

    def finished(self, outcome: Outcome) -> None:
        """A build came to its end."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Prefixed lines: every line says which build it belongs to, so that they may interleave."""

    file: TextIO

    def started(self, build: Build) -> None:
        self._say(str(build.target), f"started: {build.reason}")

    def moved(self, build: Build, progress: Progress) -> None:
        """Steps show as lines of the log already."""

    def line(self, build: Build, text: str) -> None:
        self._say(str(build.target), text)

    def phase(self, build: Build, name: str) -> None:
        self._say(str(build.target), name)

    def pushed(self, build: Build, count: int, total: int) -> None:
        if count == total:
            self._say(str(build.target), f"pushed {size(total)}")

    def retried(self, build: Build, again: Again) -> None:
        first, *more = again.reason.split("\n")
        self._say(str(build.target), f"attempt {again.attempt} in {again.wait_seconds:g} s: {first}")
        for line in more:
            self._say(str(build.target), line)

    def finished(self, outcome: Outcome) -> None:
        first, *more = ": ".join(filter(None, (outcome.place, outcome.detail))).split("\n")
        self._say(outcome.target, f"{outcome.result} in {outcome.seconds:.1f} s" + (f": {first}" if first else ""))
        for line in more:
            self._say(outcome.target, line)

    def _say(self, target: str, text: str) -> None:
        print(f"{target} | {text}", file=self.file, flush=True)
