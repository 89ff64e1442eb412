"""Publishing under random faults, killed at random moments, by several jobs at once: always the same complete tags.

`make soak N=300` makes more trials and rounds than the few of every run; each is named by its seed.
"""

import asyncio
import os
import random
import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ExitCode
from orchestrator.model.oci import Document
from orchestrator.model.platforms import ARCHES
from tests.faultproxy import FaultProxy
from tests.faults import trials
from tests.faults.family import Family
from tests.faults.scene import discreet
from tests.pushing import client, holds
from tests.unbuilt import Unbuilt, stage

pytestmark = pytest.mark.e2e

_SEED = int(os.environ.get("SOAK_SEED", "1"))
_TRIALS = int(os.environ.get("SOAK_ROUNDS", "15"))
_ROUNDS = int(os.environ.get("SOAK_ROUNDS", "5"))
_JOBS = ("amd64", "arm32v7", "arm64v8", "ppc64le", "riscv64", "s390x")
_PUBLIC_TAGS = "/(library|amd64)/.*/manifests/(?!sha256)"
_KILLED_PART = 0.2
_LONGEST_LIFE_SECONDS = 2.0
_PATIENCE_SECONDS = 120.0


@pytest.mark.parametrize("seed", range(_SEED, _SEED + _TRIALS))
async def test_whatever_goes_wrong_tags_stay_whole_and_running_again_completes_them(registry: str, seed: int) -> None:
    trial, family = trials.trial(seed), Family(registry, f"soak-{seed}-{os.getpid()}")

    with discreet():
        async with FaultProxy(registry, seed=seed) as proxy:
            problems = await trials.problems(trial, family, proxy)

    assert problems == [], trial


@pytest.fixture
async def family(registry: str, state: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Unbuilt:
    """A family with repositories of its own."""
    root = tmp_path / re.sub("[^a-z0-9]+", "-", request.node.name.lower())[-60:].strip("-")
    root.mkdir()
    return await Unbuilt.written(root, state=state, registry=registry, arches=_JOBS, aliases={"1.0": ["latest"]})


@pytest.mark.parametrize("seed", range(_SEED, _SEED + _ROUNDS))
@pytest.mark.row("C1", "C2")
async def test_jobs_that_end_at_once_leave_a_complete_index_though_some_are_killed(family: Unbuilt, seed: int) -> None:
    chance = random.Random(seed)
    builds = await asyncio.to_thread(family.change, f"round {seed}")
    killed = {build["arch"] for build in builds if chance.random() < _KILLED_PART}

    ended = await asyncio.gather(
        *(_job(family, build, chance.uniform(0, _LONGEST_LIFE_SECONDS), build["arch"] in killed) for build in builds)
    )
    # A job that is killed is started again, as every CI does; nobody else has to do anything.
    again = await asyncio.gather(*(_publish(family) for _ in killed))

    assert {*ended, *again} <= {ExitCode.DONE, -signal.SIGKILL}
    index = await _whole_index(family)
    assert [str(child.platform) for child in index.children] == [str(ARCHES[arch].platform) for arch in _JOBS]
    assert (await asyncio.to_thread(family.run, "publish")).stdout.endswith(" unchanged\n")


async def _job(family: Unbuilt, build: Mapping[str, Any], life: float, is_killed: bool) -> int:
    """What the job of an arch does at its end: it stages its build and publishes what there is; how that ended."""
    async with client() as direct:
        await stage(direct, build)
    return await _publish(family, life if is_killed else _PATIENCE_SECONDS)


async def _publish(family: Unbuilt, life: float = _PATIENCE_SECONDS) -> int:
    """Publish in a process that lives no longer than this; how it ended, what is not staged yet being no failure."""
    process = await family.start("publish")
    talking = asyncio.create_task(process.communicate())
    done, _ = await asyncio.wait([talking], timeout=life)
    if not done:
        process.kill()
    output, _ = await talking
    code = process.returncode or 0
    assert code in {ExitCode.DONE, ExitCode.INCOMPLETE, -signal.SIGKILL}, output.decode()
    return ExitCode.DONE if code == ExitCode.INCOMPLETE else code


async def _whole_index(family: Unbuilt) -> Document:
    tag = family.shared.tagged("latest")
    async with client() as direct:
        index = await direct.document(tag)
        assert index is not None
        assert await holds(direct, tag.repository, index.digest)
    return index


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGKILL, -signal.SIGKILL),
        (signal.SIGINT, ExitCode.INTERRUPTED),
        (signal.SIGTERM, ExitCode.INTERRUPTED),
    ],
)
@pytest.mark.row("C2")
async def test_a_process_that_is_ended_at_any_request_leaves_what_it_had_done(
    family: Unbuilt, number: signal.Signals, code: int
) -> None:
    for build in await asyncio.to_thread(family.change, "one"):
        async with client() as direct:
            await stage(direct, build)

    async with FaultProxy(family.registry) as proxy:
        words: Sequence[str] = ("--mirror", f"docker.io=http://{family.registry}", "publish")
        process = await family.start("--registry", proxy.address, *words)
        while len(proxy.requests("PUT", _PUBLIC_TAGS)) < 2:  # noqa: ASYNC110  # a proxy tells nobody
            await asyncio.sleep(0.001)
        process.send_signal(number)
        output, _ = await process.communicate()

    assert process.returncode == code, output.decode()
    assert b"Traceback" not in output
    await asyncio.to_thread(family.run, "publish")
    index = await _whole_index(family)
    assert [str(child.platform) for child in index.children] == [str(ARCHES[arch].platform) for arch in _JOBS]
