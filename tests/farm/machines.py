"""Builder hosts from outside: started, told to run commands, killed, found by their labels."""

import asyncio
import contextlib
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.farm.steps import AgentLostError

_PROJECT = Path(__file__).parents[2]
LOG = "log"
"""What a machine itself has to say, in its folder."""
_READY_SECONDS = 120
_END_SECONDS = 30
# Everything else that a job sees, its pipeline gives it.
_PASSED_ON = ("PATH", "LANG")


@dataclass(frozen=True, slots=True)
class Site:
    """What all machines of a farm share: nothing but the way to the registry, and where they fetch from."""

    root: Path
    registry: str
    way_out: Path
    origin: Path

    @property
    def environment(self) -> dict[str, str]:
        """All that an agent is told."""
        here = f"http://{self.registry}"
        mirrors = f"docker.io={here},mcr.microsoft.com={here}"
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {**passed_on, "ORCHESTRATOR_REGISTRY": self.registry, "ORCHESTRATOR_MIRRORS": mirrors, "NO_COLOR": "1"}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a machine is bought for."""

    name: str
    labels: tuple[str, ...]
    engine: str = "linux"
    """`linux`, `none`, or the os.version of Windows."""
    executors: int = 1

    def fits(self, label: str) -> bool:
        """Whether it is meant by a label expression, such as `docker-amd64` or `windows && windows-2025`."""
        return {*label.split(" && ")} <= {self.name, *self.labels}


@dataclass(eq=False)
class Machine:
    """A host in namespaces of its own: network, processes, mounts."""

    kind: Kind
    root: Path
    origin: Path
    """Where it fetches the family from."""
    process: asyncio.subprocess.Process
    free: int
    """How many more jobs it takes now."""
    waiting: dict[int, asyncio.Future[int]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def name(self) -> str:
        return self.kind.name

    @property
    def is_lost(self) -> bool:
        return self.process.returncode is not None

    async def sh(self, script: str, *, workspace: Path, log: Path, environment: Mapping[str, str]) -> int:
        """Run a script in a workspace; returns its exit code. Raises AgentLostError."""
        number = next(self.numbers)
        given = {"workspace": str(workspace), "log": str(log), "environment": dict(environment)}
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.waiting[number] = answer
        if self.is_lost or self.process.stdin is None:
            raise AgentLostError(self.name)
        self.process.stdin.write(json.dumps({"id": number, "script": script, **given}).encode() + b"\n")
        return await answer

    def kill(self) -> None:
        """Pull its plug: the kernel ends everything that runs there at once."""
        self.process.kill()

    async def listen(self) -> None:
        """Hand on its answers until it is gone, which is an answer to all who wait."""
        while line := await self._line():
            answer = json.loads(line)
            waiting = self.waiting.pop(answer["id"])
            # Who waited may have been cancelled.
            if not waiting.done():
                waiting.set_result(answer["code"])
        await self.process.wait()
        for waiting in self.waiting.values():
            if not waiting.done():
                waiting.set_exception(AgentLostError(self.name))

    async def ready(self) -> None:
        """Wait until it is up."""
        async with asyncio.timeout(_READY_SECONDS):
            if not await self._line():
                raise AgentLostError(f"{self.name} did not start: {self.root / LOG} says why")

    async def shut_down(self) -> None:
        """Let it end by itself, once its commands have ended."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), _END_SECONDS)

    async def _line(self) -> bytes:
        return await self.process.stdout.readline() if self.process.stdout else b""


@contextlib.asynccontextmanager
async def machine(kind: Kind, site: Site, *, origin: Path | None = None) -> AsyncIterator[Machine]:
    """A host that is ready; whatever happens, nothing of it runs afterwards."""
    root = site.root / kind.name
    process = await _started(kind, site, root)
    made = Machine(kind, root, origin or site.origin, process, kind.executors)
    try:
        await made.ready()
        listening = asyncio.create_task(made.listen())
        yield made
        await made.shut_down()
        await listening
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _started(kind: Kind, site: Site, root: Path) -> asyncio.subprocess.Process:
    (root / "home").mkdir(parents=True)
    own = {
        "HOME": str(root / "home"),
        "ORCHESTRATOR_STATE": str(root / "state"),
        "DOCKER_HOST": f"unix://{root}/docker.sock",
    }
    with _opened(root / LOG) as log:
        return await asyncio.create_subprocess_exec(
            # As soon as the first process of the namespaces ends, the kernel kills the others and undoes their mounts.
            *("unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"),
            *(sys.executable, "-m", "tests.farm.host", kind.engine, site.registry, str(site.way_out)),
            cwd=_PROJECT,
            env={**site.environment, **own},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            # Ctrl-C is for the farm, which ends its machines in good order.
            start_new_session=True,
        )


def _opened(path: Path) -> IO[bytes]:
    return path.open("ab")


class Pool:
    """The machines of a farm; who needs one waits for it."""

    def __init__(self) -> None:
        self._machines: list[Machine] = []
        self._changed = asyncio.Condition()

    async def add(self, machine: Machine) -> None:
        async with self._changed:
            self._machines.append(machine)
            self._changed.notify_all()

    @contextlib.asynccontextmanager
    async def one(self, label: str) -> AsyncIterator[Machine]:
        """A machine with this label, once it has an executor to spare."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._idle(label) is not None)
            found = self._idle(label)
            if found is None:
                raise AgentLostError(label)
            found.free -= 1
        try:
            yield found
        finally:
            async with self._changed:
                found.free += 1
                self._changed.notify_all()

    def _idle(self, label: str) -> Machine | None:
        fitting = (each for each in self._machines if each.free and not each.is_lost and each.kind.fits(label))
        return next(fitting, None)
