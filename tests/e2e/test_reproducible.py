"""The same inputs give the same image, whenever it is built, and whichever way it leaves the builder."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from orchestrator.tools.contexts import copy
from tests.bkbridge import bridge
from tests.e2e.conftest import NewHello
from tests.e2e.hello import Hello

pytestmark = pytest.mark.e2e

EPOCH = 315_532_800


@pytest.fixture(scope="module")
def built(hello: NewHello) -> Hello:
    made: Hello = hello(arches=("amd64", "s390x"))
    made.run("build", "--arch", "all")
    return made


def words(built: Hello, planned: Any, context: Path) -> list[str]:
    """A build by hand, from the facts of the plan."""
    [base] = planned["bases"]
    return [
        *("docker", "buildx", "build", "--quiet", "--no-cache"),
        *("--platform", planned["platform"]),
        *("--provenance", "mode=max"),
        *("--build-context", f"{base['name']}=docker-image://{base['pulled_from']}"),
        str(copy(built.root / planned["directory"], context, epoch=EPOCH)),
    ]


def run(built: Hello, command: list[str], *, state: Path) -> None:
    given = {
        **os.environ,
        **built.engine.environment,
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "BUILDX_CONFIG": str(state),
    }
    subprocess.run(command, env=given, check=True, capture_output=True, timeout=300)


def test_building_again_by_force_gives_the_same_image(built: Hello) -> None:
    before = {target: record["image_digest"] for target, record in built.records().items()}

    built.run("build", "--arch", "all", "--force", "--reason", "to compare")

    records = built.records()
    assert {target: record["image_digest"] for target, record in records.items()} == before
    assert {record["reason"] for record in records.values()} == {"forced: to compare"}


@pytest.mark.parametrize("arch", ["amd64", "s390x"])
async def test_a_remote_builder_that_pushes_by_itself_gives_the_same_image(
    built: Hello, arch: str, tmp_path: Path
) -> None:
    plan = json.loads(built.run("plan", "--arch", arch, "--format", "json").stdout)
    [planned] = plan["builds"]
    metadata = tmp_path / "metadata.json"
    place = f"{built.registry}/direct/{built.name}"
    async with bridge(built.engine.host) as address:
        state = tmp_path / "buildx"
        create = ["docker", "buildx", "create", "--name", "bridged", "--driver", "remote", address]
        await asyncio.to_thread(run, built, create, state=state)
        output = f"type=image,name={place},push-by-digest=true,name-canonical=true,push=true,rewrite-timestamp=true"
        build = words(built, planned, tmp_path / "context")
        # By hand a cache would make equal what is not; here everything is run again.
        build[3:3] = ["--builder", "bridged", "--output", output, "--metadata-file", str(metadata)]
        await asyncio.to_thread(run, built, build, state=state)

    digest = json.loads(metadata.read_text())["containerimage.digest"]
    _, index = built.manifest(f"direct/{built.name}", digest)
    assert index["manifests"][0]["digest"] == built.records()[planned["target"]]["image_digest"]


def test_another_folder_umask_time_zone_and_language_do_not_show(built: Hello, tmp_path: Path) -> None:
    moved = Hello(
        root=tmp_path / "elsewhere", state=built.state, engine=built.engine, registry=built.registry, name=built.name
    )
    subprocess.run(("cp", "-r", str(built.root), str(moved.root)), check=True)
    (moved.root / "dockerfiles" / "2.0" / "slim-trixie" / "Dockerfile").chmod(0o600)
    before = os.umask(0o077)
    try:
        strange = {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "HOME": str(tmp_path)}
        moved.run("build", "--force", "--reason", "to compare", environment=strange)
    finally:
        os.umask(before)

    target = "2.0/slim-trixie@amd64"
    assert moved.records()[target]["image_digest"] == built.records()[target]["image_digest"]
    assert moved.records()[target]["build_id"] == built.records()[target]["build_id"]
