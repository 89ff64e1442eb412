"""A day on the farm: all architectures at once, a machine that dies, two triggers together, an old checkout."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import ExitCode
from tests.farm import outcome
from tests.farm.controller import Controller, Run
from tests.farm.family import LINE, WINDOWS, Family, push_windows_bases
from tests.farm.machines import Kind, Machine, Pool, Site, machine
from tests.farm.outcome import Outcome
from tests.farm.relay import way_out
from tests.farm.timeline import Span, mark
from tests.fault_rules import Rule
from tests.faultproxy import FaultProxy
from tests.pushing import client

PAUSE_SECONDS = 2.0
"""Before a job repeats its command."""
_POLL_SECONDS = 0.05
_THROTTLED = 429
_TOO_MANY = Rule(path="^/v2/", status=_THROTTLED, headers={"Retry-After": "1"}, times=1)
_REQUESTS_BETWEEN, _TURNED_AWAY_AT_MOST = 60, 100
_ROUNDS = (1_800_000_000, 1_800_003_600)
"""When the two commits were made, in seconds since 1970."""

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Plan:
    """How large the farm is."""

    arches: tuple[str, ...]
    """Of Linux; the last one's machine dies."""
    variants: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.arches, "windows-amd64")


SMALL = Plan(("arm64v8", "s390x"), ("trixie",))
LARGE = Plan(("amd64", "arm64v8", "s390x", "riscv64"), ("trixie", "slim-trixie"))


@dataclass
class Farm:
    """Everything that runs."""

    plan: Plan
    site: Site
    proxy: FaultProxy
    family: Family
    pool: Pool
    controller: Controller
    stack: contextlib.AsyncExitStack
    say: Say
    deaths: list[Span]

    async def buy(self, kind: Kind, *, origin: Path | None = None) -> Machine:
        """Start a machine and let jobs run on it."""
        bought = await self.stack.enter_async_context(machine(kind, self.site, origin=origin))
        await self.pool.add(bought)
        self.say(f"{kind.name} is up ({', '.join(kind.labels)})")
        return bought

    async def trigger(self, arches: Sequence[str]) -> list[Run]:
        """Run the triggers of architectures at once; returns when all that they start has ended."""
        runs = await asyncio.gather(*(self.controller.run(f"{arch}/trigger") for arch in arches))
        await self.controller.started()
        return runs


async def day(plan: Plan, *, root: Path, registry: str, say: Say) -> Outcome:
    """Run a farm from its first to its last build; everything that it started is gone then.

    The registry must have the bases of Linux.
    """
    async with client() as pushing:
        await push_windows_bases(registry, pushing)
    async with _farm(plan, root, registry, say) as farm:
        dying, *_ = await _first_machines(farm)
        say(f"the first commit: all triggers at once, and that of {plan.arches[0]} twice; {dying.name} will die")
        async with asyncio.TaskGroup() as work:
            work.create_task(_replaced(farm, dying))
            work.create_task(farm.trigger((*plan.all, plan.arches[0])))
        await farm.trigger(plan.arches[-1:])
        # The disk of a machine that goes away now.
        old = await asyncio.to_thread(farm.family.clone, farm.site.root / "old")
        say("the second commit changes trixie")
        await asyncio.to_thread(farm.family.change, at=_ROUNDS[1])
        await farm.trigger(plan.all)
        await _old_checkout(farm, old)
        say("all triggers once more: there is nothing to do")
        last = await farm.trigger(plan.all)
        return await _outcome(farm, last)


@contextlib.asynccontextmanager
async def _farm(plan: Plan, root: Path, registry: str, say: Say) -> AsyncIterator[Farm]:
    async with contextlib.AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(FaultProxy(registry))
        door = root / "registry.sock"
        await stack.enter_async_context(way_out(door, proxy.address))
        site = Site(root, proxy.address, door, root / "family")
        family = Family(site.origin, site.environment)
        await asyncio.to_thread(family.create, arches=plan.arches, variants=plan.variants, at=_ROUNDS[0])
        pool = Pool()
        controller = Controller(site.origin / "jenkins", pool.one, root / "archive", PAUSE_SECONDS)
        proxy.rules = [replace(_TOO_MANY, skip=number * _REQUESTS_BETWEEN) for number in range(1, _TURNED_AWAY_AT_MOST)]
        yield Farm(plan, site, proxy, family, pool, controller, stack, say, [])


async def _first_machines(farm: Farm) -> list[Machine]:
    """One machine for each architecture and release of Windows, the one that dies first, and one for all the rest."""
    kinds = (
        *(Kind(f"{arch}-1", (f"docker-{arch}",)) for arch in reversed(farm.plan.arches)),
        *(
            Kind(f"windows-{release[4:]}", ("docker-windows-amd64", f"windows-{release[4:]}"), engine=os_version)
            for release, os_version in WINDOWS.items()
        ),
        Kind("control", ("docker",), engine="none", executors=len(farm.plan.all) + 1),
    )
    async with asyncio.TaskGroup() as work:
        bought = [work.create_task(farm.buy(kind)) for kind in kinds]
    return [each.result() for each in bought]


async def _replaced(farm: Farm, dying: Machine) -> None:
    """Let a machine die in its first build, and buy another one of its kind."""
    while not _builds(dying):  # noqa: ASYNC110 - it says so in a file
        await asyncio.sleep(_POLL_SECONDS)
    dying.kill()
    farm.deaths.append(mark(dying.name, "x", time.time()))
    farm.say(f"{dying.name} died in the middle of a build")
    await farm.buy(Kind(dying.name.replace("-1", "-2"), dying.kind.labels))


def _builds(machine: Machine) -> bool:
    """Whether it has begun to build."""
    files = machine.root.glob("workspace/*/build/out/events.jsonl")
    return any('"event": "started"' in file.read_text() for file in files)


async def _old_checkout(farm: Farm, old: Path) -> None:
    """Let a machine come back whose copy of the family is from before the second commit, and build for it."""
    arch = farm.plan.arches[0]
    back = await farm.buy(Kind(f"{arch}-old", ()), origin=old)
    ended = await farm.controller.run(f"{arch}/build", target=f"{LINE}/trixie@{arch}", agent=back.name)
    farm.say(f"{back.name} with its old checkout ended with {', '.join(map(str, ended.codes))}")


async def _outcome(farm: Farm, last: Sequence[Run]) -> Outcome:
    published = await farm.controller.run("publish")
    seen, farm.proxy.rules = tuple(farm.proxy.seen), []
    address, runs = farm.proxy.address, farm.controller.runs
    shared = await asyncio.to_thread(outcome.shared, address)
    staged = await asyncio.to_thread(outcome.staged, address, farm.plan.all)
    references = (f"{address}/{outcome.SHARED}:{tag}" for tag in shared)
    verify = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "orchestrator", "verify", *references), stdout=asyncio.subprocess.DEVNULL
    )
    refused = tuple(run for run in runs if run.codes[-1:] == (ExitCode.TAG_MOVED,))
    offset = time.time() - asyncio.get_running_loop().time()
    marks = (*farm.deaths, *(mark(run.agent, "!", run.ended) for run in refused))
    return Outcome(
        shared=shared,
        verified=await verify.wait(),
        built=outcome.built(runs),
        staged=staged,
        refused=refused,
        last=(*last, published),
        throttled=sum(each.status == _THROTTLED for each in seen),
        spans=(*outcome.spans(runs, seen, offset=offset), *marks),
    )
