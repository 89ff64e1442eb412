"""What builders made, collected the way each hands it over, and believed only when it was checked."""

import asyncio

from orchestrator.tools import classic, layout, pushed
from orchestrator.tools.buildx import Order
from orchestrator.tools.registry import Registry
from orchestrator.tools.staging import Made


async def left(order: Order, _: Registry) -> Made:
    """The layout that a builder left on our disk; raises ContractBrokenError if it is not what was ordered."""
    made = await asyncio.to_thread(layout.read, order.output)
    await asyncio.to_thread(layout.check_arch, made, order.build.target.arch)
    return made


async def left_without_bases(order: Order, registry: Registry) -> Made:
    """The same of the classic builder, whose layouts lack the layers that the bases' registries have."""
    elsewhere = await classic.elsewhere(order.build, registry)
    made = await asyncio.to_thread(layout.read, order.output, elsewhere=elsewhere)
    await asyncio.to_thread(layout.check_arch, made, order.build.target.arch)
    return made


async def sent(order: Order, registry: Registry) -> Made:
    """What a builder pushed to staging; raises as `left` does, and what keeps it from being read there."""
    made = await pushed.read(order.metadata, order.build.staging.repository, registry)
    await pushed.check_arch(made, order.build.target.arch, registry)
    return made
