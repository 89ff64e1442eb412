"""A published family, a change to it in staging, publishing that goes wrong, and what must be true after that."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from structlog.testing import capture_logs

from orchestrator.errors import ExitCode, OrchestratorError
from orchestrator.model.oci import Document
from orchestrator.model.publishing.run import PublishRun
from orchestrator.model.references import Reference
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.retry import Policy
from tests.fault_rules import Rule
from tests.faultproxy import FaultProxy
from tests.faults.family import Family, Job
from tests.faults.stage import CANARY, ME
from tests.pushing import IMPATIENT, Known, client

WRITES = "POST|PUT|PATCH|DELETE"
OLD = "old"
NEW = "new"

Tags = Mapping[Reference, Document]
"""What each public tag names."""


@dataclass
class Scene:
    """`publish` takes the tags from the old change to the new one; `check` looks at the registry behind the proxy."""

    family: Family
    proxy: FaultProxy
    old: Tags
    new: Tags
    change: str = NEW
    keep_alive: bool = False
    policy: Policy = IMPATIENT
    runs: list[PublishRun] = field(default_factory=list)
    """Those that came to their end."""

    @classmethod
    async def prepared(cls, family: Family, proxy: FaultProxy) -> "Scene":
        """Publish the old change, past the proxy, and stage the new one."""
        old = await family.published(OLD)
        await family.stage(NEW)
        return cls(family, proxy, old, family.expected(NEW))

    def client(self, policy: Policy | None = None) -> Registry:
        """A client in a hurry, with credentials that nobody asks for."""
        return client(credentials=Known({self.proxy.address: ME}), policy=policy or self.policy)

    async def publish(self, faults: Sequence[Rule] = (), *, policy: Policy | None = None, **options: Any) -> ExitCode:
        """One run of publishing under these faults; `options` are those of a job."""
        self.proxy.rules = faults
        async with self.client(policy) as through:
            job = Job(through, self.proxy.address, **{"change": self.change, "keep_alive": self.keep_alive, **options})
            try:
                run = await self.family.run(job)
            except OrchestratorError as error:
                _check_words([str(error)])
                return error.exit_code
        _check_words([each.detail for each in run.moved if each.code])
        self.runs.append(run)
        return run.code

    async def check(self) -> None:
        """Fail the test by what is wrong after it."""
        if problems := await self.problems():
            pytest.fail("\n".join(problems))

    async def problems(self) -> list[str]:
        """What is wrong with what publishing left, and with what it makes of that when it runs again without faults."""
        left = await self.family.broken(self.old, self.new)  # O1, O2, O3
        again = await self.publish()
        ends = await self.family.broken(self.new, self.new)  # O5
        self.proxy.seen.clear()
        idle = await self.publish()
        written = [f"the run after that sends {seen.method} {seen.path}" for seen in self.proxy.requests(WRITES)]  # O4
        codes = [f"without faults it ends with {code.name}" for code in (again, idle) if code is not ExitCode.DONE]
        return [*left, *ends, *codes, *written]


def _check_words(said: Sequence[str]) -> None:
    if not all(said) or CANARY in "".join(said):
        pytest.fail(f"expected whatever fails to say why, and nothing secret: {said}")  # O6, O9


@contextlib.contextmanager
def discreet() -> Iterator[None]:
    """Nothing that is logged here may be secret (O6)."""
    with capture_logs() as logs:
        yield
    if CANARY in str(logs):
        pytest.fail("a password was logged")
