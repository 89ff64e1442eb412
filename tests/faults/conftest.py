"""The stage on which each fault plays, and what is looked at when it is over."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from orchestrator.model.oci import digest_of
from tests.faultproxy import FaultProxy
from tests.faults.stage import Stage
from tests.real import programs, registry, state

__all__ = ["programs", "registry", "state"]


@pytest_asyncio.fixture
async def stage(registry: str, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """A stage in a repository of its own; when the row is over, the oracles look at it."""
    async with FaultProxy(registry) as proxy:
        stage = Stage(proxy, registry, f"faults/t{digest_of(request.node.nodeid.encode())[7:19]}")
        await stage.prepare()
        yield stage
        await stage.check()
