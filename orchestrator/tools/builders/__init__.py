"""Builders that answered: what each runs, how it builds and hands over, and which engine tests what it made."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from orchestrator.model.solve import Progress
from orchestrator.tools.buildx import Order, Solved
from orchestrator.tools.engine.capabilities import Capabilities
from orchestrator.tools.registry import Registry
from orchestrator.tools.smoke import Connect
from orchestrator.tools.staging import Made
from orchestrator.tools.watchdog import Limits


class Solve(Protocol):
    """Runs one build."""

    async def __call__(
        self,
        order: Order,
        *,
        limits: Limits,
        on_progress: Callable[[Progress], None],
        on_line: Callable[[str], None],
    ) -> Solved:
        """As `buildx.solve` promises it."""


Collect = Callable[[Order, Registry], Awaitable[Made]]
"""Gives what came of an order, checked."""


@dataclass(frozen=True, slots=True)
class Untested:
    """Why no engine can run the smoke tests of what a builder makes."""

    reason: str


Tester = Connect | Untested
"""How to reach the engine that runs smoke tests."""


@dataclass(frozen=True, slots=True)
class ReadyBuilder:
    """A builder that answered."""

    key: str
    """Its entry in `builders`."""
    where: str
    """For people, such as `the engine at unix:///var/run/docker.sock`."""
    address: str
    """Of its engine or daemon."""
    name: str
    """What buildx calls it."""
    runs: Capabilities
    solve: Solve
    made: Collect
    testers: Mapping[str, Tester]
    """By arch, for those that are to be built on it."""
    pushes: bool = False
    """Whether it sends images to staging by itself instead of leaving them on our disk."""
    os_version: str = ""
    """Of Windows, whose programs run on one release of it alone."""


def engines_that_test(builders: Iterable[ReadyBuilder]) -> tuple[Connect, ...]:
    """The engines that run smoke tests of what these builders make, each once."""
    testers = (tester for builder in builders for tester in builder.testers.values())
    return tuple(dict.fromkeys(tester for tester in testers if not isinstance(tester, Untested)))
