"""Jobs that publish the same tag at once, over a registry that checks and writes in two steps, as real ones do."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from orchestrator.errors import TagMovedError
from orchestrator.model.oci import Document
from orchestrator.model.publishing.moves import Moved, Rules
from orchestrator.model.publishing.publication import Publication, Staged
from orchestrator.model.publishing.run import PublishRun
from orchestrator.model.references import Reference
from orchestrator.tools.publish import Publishing, publish
from tests.samples import journal
from tests.tools.publish.family import JOURNALS, platforms, publication, stage
from tests.tools.publish.memory import MemoryRegistry

ARCHES = ("amd64", "arm32v7", "arm64v8", "ppc64le", "s390x")
PLATFORMS = ["linux/amd64", "linux/arm/v7", "linux/arm64/v8", "linux/ppc64le", "linux/s390x"]
SEEDS = range(40)


class RacingRegistry(MemoryRegistry):
    """Others have their turn between any two things that it does, a write's own check and its writing among them."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)

    async def others(self) -> None:
        for _ in range(self.chance.randrange(4)):
            await asyncio.sleep(0)

    async def document(self, reference: Reference) -> Document | None:
        await self.others()
        return await super().document(reference)

    async def put_document(self, reference: Reference, document: Document, *, instead_of: str | None = None) -> bool:
        await self.others()
        before = self.named(reference)
        if before == document.digest:
            return False
        if instead_of is not None and before != instead_of:
            raise TagMovedError(f"{reference} moved")
        await self.others()
        await super().put_document(reference, document)
        await self.others()
        if self.named(reference) not in {before, document.digest}:
            raise TagMovedError(f"{reference} names another's")
        return True


def expected(staged: Sequence[Staged]) -> Publication:
    """What a job sees: whatever is staged by then, and the others as missing."""
    there = {each.target.arch for each in staged}
    wanted = publication("2.0", *staged, missing=[arch for arch in ARCHES if arch not in there])
    return Publication(wanted.tag, wanted.expected, wanted.staged, wanted.missing, frozenset(ARCHES))


async def job(registry: RacingRegistry, arch: str, staged: list[Staged]) -> PublishRun:
    """Stage a build, then publish all that there is."""

    async def ask() -> Sequence[Publication]:
        await registry.others()
        return [expected(staged)]

    async def pause(rounds: int) -> None:
        for _ in range(registry.chance.randrange(4 * 2**rounds)):
            await asyncio.sleep(0)

    await registry.others()
    staged.append(stage(registry, arch))
    own = journal(f"20260131T120000Z-{ARCHES.index(arch):08x}")
    return await publish(ask, own, Publishing(registry, JOURNALS, Rules(), pause=pause))


def codes(moved: Sequence[Moved]) -> list[int]:
    return [int(each.code) for each in moved]


@pytest.mark.parametrize("seed", SEEDS)
async def test_jobs_that_end_at_once_leave_nobody_out(seed: int) -> None:
    registry = RacingRegistry(seed)
    staged: list[Staged] = []

    runs = await asyncio.gather(*(job(registry, arch, staged) for arch in ARCHES))

    assert platforms(registry, "2.0") == PLATFORMS
    assert [codes(run.moved) for run in runs] == [[0]] * len(ARCHES)


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_killed_jobs_leave_open_the_next_job_completes(seed: int) -> None:
    registry = RacingRegistry(seed)
    staged: list[Staged] = []
    jobs = [asyncio.create_task(job(registry, arch, staged)) for arch in ARCHES]
    for killed in registry.chance.sample(jobs, 3):
        for _ in range(registry.chance.randrange(60)):
            await asyncio.sleep(0)
        killed.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)

    for arch in ARCHES:
        if arch not in {each.target.arch for each in staged}:
            staged.append(stage(registry, arch))
    await job(registry, "amd64", [each for each in staged if each.target.arch != "amd64"])

    assert platforms(registry, "2.0") == PLATFORMS
