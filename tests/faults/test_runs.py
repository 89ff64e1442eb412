"""Several runs at once, and runs after one another, on a registry that is in a bad mood."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.model.references import Repository
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.kept import Kept
from tests.fault_rules import Allowance, Rule
from tests.faultproxy import FaultProxy
from tests.faults.rows import case
from tests.faults.stage import Stage
from tests.pushing import ANYBODY, IMPATIENT, client, image, push, push_index

pytestmark = pytest.mark.integration

JOBS = 4
TAGS = 100


@pytest.mark.row("C3")
async def test_jobs_that_write_one_tag_end_with_it_whole(stage: Stage) -> None:
    stage.proxy.rules = [
        Rule(method="PUT", path="/manifests/", status=429, chance=0.3),
        Rule(method="PUT", path="/manifests/1.0", stale=2, chance=0.5),
        Rule(method="PUT", path="/manifests/1.0", absent=2, chance=0.5),
    ]

    async def job() -> None:
        async with stage.client() as through:
            await push_index(through, stage.tag, stage.images)

    await asyncio.gather(*(job() for _ in range(JOBS)))

    written = [put for put in stage.proxy.requests("PUT", "/manifests/1.0") if put.status == 201]
    assert len(written) <= 3 * JOBS


@pytest.mark.row("C15")
async def test_a_registry_that_allows_little_is_asked_little_and_answers_all(registry: str) -> None:
    one = image(os.urandom(64))
    path = f"faults/allowance-{os.urandom(4).hex()}"
    async with client() as direct:
        for number in range(TAGS):
            await push(direct, Repository(registry, path).tagged(f"t{number}"), one)

    async with FaultProxy(registry) as proxy, client() as through:
        proxy.allowance = Allowance(per_second=50, left=20)
        tags = [Repository(proxy.address, path).tagged(f"t{number}") for number in range(TAGS)]
        found = await asyncio.gather(*(through.document(tag) for tag in tags))

        refused = [seen for seen in proxy.seen if seen.status == 429]

    assert found == [one.manifest] * TAGS
    assert len(refused) < TAGS / 2


def _emptied(file: Path) -> None:
    file.write_bytes(b"")


def _turned(file: Path) -> None:
    file.write_bytes(bytes(byte ^ 1 for byte in file.read_bytes()))


def _replaced_by_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _harm_all(folder: Path, harm: Callable[[Path], object]) -> None:
    for file in [path for path in folder.rglob("*") if path.is_file()]:
        harm(file)


@pytest.mark.parametrize(
    "harm",
    [
        case("C14", Path.unlink, note="deleted"),
        case("C14", _emptied, note="emptied"),
        case("C14", _turned, note="turned"),
        case("C14", _replaced_by_a_folder, note="a folder"),
    ],
)
async def test_what_was_kept_may_be_damaged_at_any_time(
    stage: Stage, tmp_path: Path, harm: Callable[[Path], object]
) -> None:
    outcomes = []
    for _ in range(3):
        async with Registry(credentials=ANYBODY, policy=IMPATIENT, kept=Kept(tmp_path)) as through:
            document = await through.document(stage.tag)
            assert document is not None
            child = await through.document(stage.tag.repository.at(document.children[0].digest))
            assert child is not None
            config = await through.blob(stage.tag.repository, child.blobs[0].digest, max_bytes=1000)
        outcomes.append((document, child, config))
        await asyncio.to_thread(_harm_all, tmp_path, harm)

    assert outcomes == [outcomes[0]] * 3


@pytest.mark.row("C14")
async def test_what_was_kept_is_not_taken_for_what_is_there(stage: Stage, tmp_path: Path) -> None:
    async with Registry(credentials=ANYBODY, policy=IMPATIENT, kept=Kept(tmp_path)) as first:
        before = await first.document(stage.tag)
    await stage.run()
    stage.proxy.seen.clear()

    found = []
    for _ in range(2):
        async with Registry(credentials=ANYBODY, policy=IMPATIENT, kept=Kept(tmp_path)) as later:
            found.append(await later.document(stage.tag))
            found.append(await later.document(replace(stage.tag, tag="none")))

    assert (before, found) == (stage.old, [stage.new, None] * 2)
    asked = [(seen.method, seen.path.rpartition("/")[2]) for seen in stage.proxy.seen]
    # It had moved, so its new bytes were read once; after that one question is enough.
    assert asked == [("HEAD", "1.0"), ("GET", "1.0"), ("GET", "none"), ("HEAD", "1.0"), ("GET", "none")]
