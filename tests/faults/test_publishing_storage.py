"""What goes wrong on the disk of a registry that is published to: damaged, killed over, collected, deleted from."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from orchestrator.errors import ExitCode
from orchestrator.model.publishing.moves import Move, Rules
from orchestrator.model.references import Reference
from orchestrator.model.verification import Problem
from orchestrator.tools.verify import InRegistry, verify
from tests.configured_registry import Server, server
from tests.faultproxy import FaultProxy
from tests.faults.family import Family
from tests.faults.scene import NEW, OLD, Scene, discreet
from tests.pushing import IMPATIENT, client

pytestmark = pytest.mark.integration


@pytest_asyncio.fixture
async def own(programs: None, tmp_path: Path) -> AsyncIterator[Server]:
    async with server(tmp_path, storage={"delete": {"enabled": True}}) as own:
        yield own


@pytest_asyncio.fixture
async def scene(own: Server) -> AsyncIterator[Scene]:
    """A scene that is checked when the row is over."""
    async with FaultProxy(own.address) as proxy:
        scene = await Scene.prepared(Family(own.address, "tool"), proxy)
        with discreet():
            yield scene
            await scene.check()


@pytest.fixture
def latest(scene: Scene) -> Reference:
    return scene.family.shared.tagged("latest")


async def delete(place: Reference) -> None:
    url = f"http://{place.registry}/v2/{place.path}/manifests/{place.digest}"
    async with aiohttp.ClientSession() as session, session.delete(url) as answer:
        answer.raise_for_status()


async def collect_garbage(own: Server) -> None:
    own.end()
    await asyncio.to_thread(own.collect_garbage)
    await own.start()


@pytest.mark.row("W28")
async def test_an_index_of_which_a_full_disk_kept_an_empty_copy_moves_no_tag_until_it_is_another(
    own: Server, scene: Scene, latest: Reference
) -> None:
    poisoned = own.blob(scene.new[latest].digest)
    poisoned.parent.mkdir(parents=True)
    poisoned.write_bytes(b"")

    ended = await scene.publish()

    now = await scene.family.live()
    shared = [tag for tag in now if tag.repository == latest.repository]
    assert (ended, {tag: now[tag] for tag in shared}) == (
        ExitCode.CONTRACT_BROKEN,
        {tag: scene.old[tag] for tag in shared},
    )
    # Any other bytes have another digest: here those of a later commit.
    assert await scene.publish(generation=2_000) is ExitCode.DONE
    scene.new = scene.family.expected(NEW, generation=2_000)
    assert await scene.family.live() == {**now, **{tag: scene.new[tag] for tag in shared}}
    scene.new = await scene.family.live()


@pytest.mark.row("W30")
async def test_a_tag_that_the_registry_was_killed_over_is_healed_by_publishing(
    own: Server, scene: Scene, latest: Reference
) -> None:
    own.link(latest).write_bytes(b"")

    ended = await scene.publish()

    [warnings] = [
        moved.warnings for moved in scene.runs[0].moved if moved.tag == replace(latest, registry=scene.proxy.address)
    ]
    assert (ended, await scene.family.live()) == (ExitCode.DONE, scene.new)
    assert warnings == ("the registry could not read what it named, so nobody can say what it had",)


@pytest.mark.row("W31")
async def test_a_registry_that_is_killed_and_restarted_while_tags_move_is_waited_for(own: Server, scene: Scene) -> None:
    patient = replace(
        IMPATIENT, first_seconds=0.3, longest_seconds=1.0, unreachable_attempts=8, unreachable_seconds=0.3
    )

    async def die() -> None:
        while not scene.proxy.requests("PUT", "/manifests/"):  # noqa: ASYNC110  # a proxy tells nobody
            await asyncio.sleep(0.001)
        own.end(signal.SIGKILL)
        await own.start()

    scene.proxy.seen.clear()
    ended, _ = await asyncio.gather(scene.publish(policy=patient), die())

    assert (ended, await scene.family.live()) == (ExitCode.DONE, scene.new)


@pytest.mark.row("W32")
async def test_garbage_collection_takes_nothing_of_what_is_kept_alive(own: Server, scene: Scene) -> None:
    assert await scene.publish(keep_alive=True) is ExitCode.DONE

    await collect_garbage(own)

    assert await scene.family.broken(scene.new, scene.new) == []


async def unsound(family: Family, change: str) -> list[Problem]:
    """What is wrong with the builds of a change in staging."""
    found: list[Problem] = []
    async with client() as registry:
        for place in (family.build(arch, change).staging for arch in family.arches):
            document = await registry.document(place)
            if document is None:
                pytest.fail(f"{place} is gone")
            found += (await verify(InRegistry(registry, place.repository), {place.tag: document}, deep=True)).problems
    return found


@pytest.mark.row("W32")
async def test_a_build_that_is_kept_alive_in_staging_is_published_after_garbage_collection(
    own: Server, scene: Scene
) -> None:
    assert await scene.publish(keep_alive=True) is ExitCode.DONE
    scene.old, scene.change, scene.keep_alive = scene.new, "kept", True
    scene.new = scene.family.expected(scene.change)
    await scene.family.stage(scene.change, keep_alive=True)

    await collect_garbage(own)

    assert await unsound(scene.family, NEW) != []
    assert await unsound(scene.family, scene.change) == []
    assert (await scene.publish(), await scene.family.live()) == (ExitCode.DONE, scene.new)


@pytest.mark.row("W32")
async def test_what_garbage_collection_took_everywhere_is_named_and_brought_back_once_it_is_built_again(
    own: Server, scene: Scene
) -> None:
    assert await scene.publish() is ExitCode.DONE
    await collect_garbage(own)
    assert await scene.family.broken(scene.new, scene.new) != []

    ended = await scene.publish(rules=Rules(repair=True))

    details = {moved.detail for moved in scene.runs[-1].moved}
    assert ended is ExitCode.CONTRACT_BROKEN
    assert all("build it again with --force" in detail for detail in details), details
    await scene.family.stage(NEW)
    assert await scene.publish(rules=Rules(repair=True)) is ExitCode.DONE
    assert {moved.move for moved in scene.runs[-1].moved} == {Move.REPAIRED}
    scene.old = scene.new


@pytest.mark.row("W33")
async def test_an_image_that_was_deleted_below_its_tags_is_brought_back_from_staging(
    scene: Scene, latest: Reference
) -> None:
    assert await scene.publish() is ExitCode.DONE
    gone = latest.repository.at(scene.family.image("arm64v8", NEW).manifest.digest)
    await delete(gone)
    assert await scene.family.broken(scene.new, scene.new) == [
        f"{latest.repository.at(scene.new[latest].digest)} is not whole"
    ]

    ended = await scene.publish(rules=Rules(repair=True))

    moves = {moved.tag.path: moved.move for moved in scene.runs[-1].moved}
    assert (ended, moves[latest.path]) == (ExitCode.DONE, Move.REPAIRED)


@pytest.mark.row("W33")
async def test_a_tag_whose_image_was_deleted_moves_on_all_the_same(scene: Scene, latest: Reference) -> None:
    await delete(latest.repository.at(scene.family.image("amd64", OLD).manifest.digest))

    ended = await scene.publish()

    assert (ended, await scene.family.live()) == (ExitCode.DONE, scene.new)
