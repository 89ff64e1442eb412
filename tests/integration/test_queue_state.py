"""Many runs that remember their failures at the same time, on a real registry."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from orchestrator.errors import ExitCode, UnavailableError
from orchestrator.model.config import Config
from orchestrator.model.outcomes import Outcome, Result
from orchestrator.model.queue.failing_builds import Run
from orchestrator.model.repositories import Repositories
from orchestrator.tools.queue_state import read, record
from tests.fault_rules import Rule
from tests.faultproxy import FaultProxy
from tests.pushing import client

pytestmark = pytest.mark.integration

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
WRITERS = 6


@pytest_asyncio.fixture
async def proxy(registry: str) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(registry) as proxy:
        yield proxy


def places(proxy: FaultProxy, image: str) -> Repositories:
    return Repositories(proxy.address, Config(image=image, staging_namespace=f"queue/{image}"))


def outcome(number: int, result: Result = Result.FAILED) -> Outcome:
    code = ExitCode.BUILD_FAILED if result is Result.FAILED else ExitCode.DONE
    return Outcome(f"{number}.0/trixie@amd64", "amd64", f"{number:064x}", result, code)


async def recorded(run: Run, repositories: Repositories) -> None:
    """As an agent of its own does it."""
    async with client() as registry:
        await record(run, repositories, registry)


async def test_no_run_loses_what_another_writes(proxy: FaultProxy) -> None:
    repositories = places(proxy, "many")
    runs = [Run([outcome(number)], NOW + dt.timedelta(seconds=number)) for number in range(WRITERS)]

    with capture_logs() as logs:
        await asyncio.gather(*(recorded(run, repositories) for run in runs))

    async with client() as registry:
        memory = await read(repositories.queue_state("amd64"), registry)
    said = [entry["event"] for entry in logs if entry["log_level"] == "warning"]
    failures = {build_id: each.failures for build_id, each in memory.items()}
    assert (failures, said) == ({outcome(number).build_id: 1 for number in range(WRITERS)}, [])


async def test_failures_count_up_and_a_success_ends_them(proxy: FaultProxy) -> None:
    repositories = places(proxy, "one")
    for hour in range(3):
        await recorded(Run([outcome(1), outcome(2)], NOW + dt.timedelta(hours=hour)), repositories)

    await recorded(Run([outcome(2, Result.BUILT)], NOW), repositories)

    async with client() as registry:
        memory = await read(repositories.queue_state("amd64"), registry)
    assert {build_id: (each.failures, each.since) for build_id, each in memory.items()} == {
        outcome(1).build_id: (3, NOW)
    }


async def test_a_success_that_nobody_remembers_as_a_failure_costs_one_question(proxy: FaultProxy) -> None:
    repositories = places(proxy, "fine")

    await recorded(Run([outcome(1, Result.BUILT)], NOW), repositories)

    assert [seen.method for seen in proxy.seen] == ["GET"]


async def test_a_tag_that_a_killed_registry_left_broken_is_mended(proxy: FaultProxy, state: Path) -> None:
    repositories = places(proxy, "broken")
    await recorded(Run([outcome(1)], NOW), repositories)
    [link] = state.rglob("queue/broken/staging-amd64/_manifests/tags/_queue-broken/current/link")  # noqa: ASYNC240  nothing else runs meanwhile
    link.write_bytes(b"")

    with capture_logs() as logs:
        await recorded(Run([outcome(2)], NOW), repositories)

    async with client() as registry:
        memory = await read(repositories.queue_state("amd64"), registry)
    assert list(memory) == [outcome(2).build_id]
    said = [entry["event"] for entry in logs if entry["event"].startswith("queue")]
    assert said == ["queue: what failed before cannot be read, taken for nothing"]


async def test_a_registry_that_fails_is_not_taken_for_one_without_memory(proxy: FaultProxy) -> None:
    proxy.rules = [Rule(path="/manifests/_queue", status=503)]
    repositories = places(proxy, "down")

    async with client() as registry:
        with pytest.raises(UnavailableError):
            await read(repositories.queue_state("amd64"), registry)
    with capture_logs() as logs:
        await recorded(Run([outcome(1)], NOW), repositories)

    said = [entry["event"] for entry in logs if entry["event"].startswith("queue")]
    assert said == ["queue: failures cannot be remembered"]
