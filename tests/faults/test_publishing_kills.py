"""Publishing that is killed at one request after another: from there on nothing of it reaches the registry."""

import asyncio
import itertools
import secrets
from dataclasses import replace

import pytest

from orchestrator.errors import ExitCode
from orchestrator.model import tags
from orchestrator.model.publishing.moves import Move, Rules
from tests.fault_rules import Rule
from tests.faultproxy import FaultProxy
from tests.faults.family import Family
from tests.faults.rows import case
from tests.faults.scene import WRITES, Scene, Tags, discreet
from tests.pushing import IMPATIENT

pytestmark = pytest.mark.integration

SMALL = tags.Tags(simple=("1.0.1-trixie",), shared=("latest",), exact=("1.0.1-trixie",))
MANY = 1_000
PUBLIC_TAG = "/(library|amd64|arm64v8)/.*/manifests/(?!sha256)"
HASTY = replace(IMPATIENT, attempts=1, unreachable_attempts=1, repeated_writes=0)
"""A process that is dead tries nothing again."""


def killed_at(number: int) -> Rule:
    """The death of a client, as the registry sees it: so many requests come through, and none after them."""
    return Rule(skip=number, reset=True)


@pytest.mark.parametrize(
    ("arches", "is_new"),
    [case("C8", ("amd64", "arm64v8"), False, note="tags that move"), case("C8", ("amd64",), True, note="new tags")],
)
async def test_killed_at_any_request_it_leaves_old_or_new_tags_and_running_again_completes_them(
    registry: str, arches: tuple[str, ...], is_new: bool
) -> None:
    numbers = iter(range(MANY))
    ended: dict[int, ExitCode] = {}
    wrong: dict[int, list[str]] = {}

    async def kill_in_turn(proxy: FaultProxy) -> None:
        old: Tags = {}
        family = _small(registry, arches)
        for number in numbers:
            if ExitCode.DONE in ended.values():
                return
            family = _small(registry, arches) if is_new else family
            change = f"killed at {number}"
            await family.stage(change)
            scene = Scene(family, proxy, old, family.expected(change), change=change)
            ended[number] = await scene.publish([killed_at(number)], policy=HASTY)
            wrong[number] = await scene.problems()
            old = {} if is_new else scene.new

    with discreet():
        async with FaultProxy(registry) as one, FaultProxy(registry) as other:
            await asyncio.gather(kill_in_turn(one), kill_in_turn(other))

    assert {number: problems for number, problems in wrong.items() if problems} == {}
    # One that came to its end was not killed any more, so that every request has had its turn.
    assert ExitCode.DONE in ended.values()
    assert len(ended) > len(_small(registry, arches).expected("any"))


def _small(registry: str, arches: tuple[str, ...]) -> Family:
    return Family(registry, f"faults-killed-{secrets.token_hex(6)}", arches, SMALL)


@pytest.mark.row("C11")
async def test_a_plan_after_a_kill_has_exactly_the_steps_that_are_left(registry: str) -> None:
    family = Family(registry, f"faults-left-{secrets.token_hex(6)}", tags=SMALL)
    places = len(family.expected("any"))
    seen: list[int] = []
    with discreet():
        async with FaultProxy(registry) as proxy:
            for moved in itertools.count():
                change = f"after {moved}"
                await family.stage(change)
                scene = Scene(family, proxy, {}, family.expected(change), change)
                ended = await scene.publish([replace(killed_at(moved), method="PUT", path=PUBLIC_TAG)], policy=HASTY)
                await scene.publish(rules=Rules(dry_run=True))
                proxy.seen.clear()
                await scene.publish()

                planned, done = scene.runs[-2:]
                sent = [request.method for request in proxy.requests(WRITES)]
                assert dict(planned.writes) == {method: sent.count(method) for method in set(sent)}
                left = [each.tag for each in planned.moved if each.move is Move.WOULD_MOVE]
                assert left == [each.tag for each in done.moved if each.move is Move.MOVED]
                assert await family.live() == scene.new
                seen.append(len(left))
                if ended is ExitCode.DONE:
                    break

    assert (seen[0], seen[-1], sorted(seen, reverse=True)) == (places, 0, seen)
