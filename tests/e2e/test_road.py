"""The whole road for three architectures: build, again, publish, again, and what users find at its end."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ARCHES, NewHello
from tests.e2e.hello import Finished, Hello
from tests.faultproxy import FaultProxy
from tests.real import docker

pytestmark = pytest.mark.e2e

ALL = ("--arch", "all")
PLATFORMS = ["linux/amd64", "linux/arm64/v8", "linux/s390x"]


@pytest.fixture(scope="module")
def road(hello: NewHello) -> Hello:
    """Two variants for three arches, built and published."""
    made: Hello = hello(arches=ARCHES, variants=("trixie", "slim-trixie"))
    made.run("build", *ALL)
    made.run("publish")
    return made


@pytest.fixture
def no_docker(tmp_path: Path) -> Iterator[Path]:
    """A folder for the front of PATH whose `docker` fails, and notes that it was called."""
    shim = tmp_path / "bin" / "docker"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\nexit 1\n')
    shim.chmod(0o755)
    yield shim.parent
    assert not (tmp_path / "called").exists()


async def through_a_proxy(road: Hello, *words: str, **environment: str) -> tuple[Finished, list[str]]:
    """Run the tool with every registry it uses behind a proxy; what it says, and the methods of its requests."""
    async with FaultProxy(road.registry) as proxy:
        given = ("--registry", proxy.address, "--mirror", f"docker.io=http://{proxy.address}", *words)
        finished = await asyncio.to_thread(road.run, *given, environment=environment, check=False)
        return finished, [seen.method for seen in proxy.seen]


def test_every_build_is_staged_under_its_build_id(road: Hello) -> None:
    records = road.records()

    assert sorted(records) == [f"2.0/{name}@{arch}" for name in ("slim-trixie", "trixie") for arch in ARCHES]
    assert {arch: road.staged(arch) for arch in ARCHES} == {
        arch: sorted(record["build_id"] for record in records.values() if record["arch"] == arch) for arch in ARCHES
    }
    assert road.left == []


async def test_building_again_starts_no_docker_and_only_reads(road: Hello, no_docker: Path) -> None:
    path = f"{no_docker}:{os.environ['PATH']}"

    finished, methods = await through_a_proxy(road, "build", *ALL, PATH=path, DOCKER_HOST="unix:///nowhere/docker.sock")

    assert (finished.returncode, finished.stdout) == (0, "nothing to do: 6 builds are up to date\n")
    assert set(methods) <= {"GET", "HEAD"}
    # One for each build, one for the base: nothing is asked twice.
    assert len([method for method in methods if method == "GET"]) <= 8


async def test_publishing_again_changes_nothing_and_only_reads(road: Hello) -> None:
    finished, methods = await through_a_proxy(road, "publish")

    assert (finished.returncode, finished.stdout) == (0, "tags: 64 unchanged\n")
    assert set(methods) <= {"GET", "HEAD"}


def test_a_dry_run_of_publishing_finds_nothing_to_move(road: Hello) -> None:
    assert road.run("publish", "--dry-run").stdout == "tags: 64 unchanged\n"


def test_the_plan_agrees(road: Hello) -> None:
    assert road.run("plan", *ALL).stdout.splitlines()[-1] == "6 up to date"


def test_a_shared_tag_has_every_platform_and_its_attestations(road: Hello) -> None:
    _, index = road.shared("2.0.1-slim-trixie")

    subjects = [entry["annotations"].get("vnd.docker.reference.digest") for entry in index["manifests"]]
    images = [entry for entry, subject in zip(index["manifests"], subjects, strict=True) if subject is None]
    attested = [subject for subject in subjects if subject]
    assert ["/".join(entry["platform"].values()) for entry in _in_order(images)] == PLATFORMS
    assert attested == [entry["digest"] for entry in images]


def _in_order(images: list[Any]) -> list[Any]:
    keys = ("os", "architecture", "variant")
    ordered = ({key: image["platform"][key] for key in keys if key in image["platform"]} for image in images)
    return [{"platform": platform} for platform in ordered]


def test_documents_and_registry_agree(road: Hello) -> None:
    for record in road.records().values():
        place = f"staging/{road.name}/staging-{record['arch']}"
        digest, index = road.manifest(place, record["build_id"])
        assert (record["digest"], record["image_digest"]) == (digest, index["manifests"][0]["digest"])
    for tag in road.document("publish.json")["tags"]:
        repository, _, name = tag["tag"].partition("/")[2].rpartition(":")
        assert tag["after"] == road.manifest(repository, name)[0]


@pytest.mark.parametrize(("arch", "platform"), list(zip(ARCHES, PLATFORMS, strict=True)))
def test_the_shared_tag_runs_on_every_platform(road: Hello, arch: str, platform: str) -> None:
    image = f"{road.registry}/library/{road.name}:latest"

    said = docker(road.engine, "run", "--rm", "--quiet", "--pull", "always", "--platform", platform, image)

    assert said == f"hello 2.0.1 on {arch}"


def test_provenance_speaks_of_the_image_and_names_the_base_by_digest(road: Hello) -> None:
    record = road.records()["2.0/slim-trixie@s390x"]
    place = f"staging/{road.name}/staging-s390x"
    _, index = road.manifest(place, record["digest"])
    _, attestation = road.manifest(place, index["manifests"][1]["digest"])
    statement = road.get(f"{place}/blobs/{attestation['layers'][0]['digest']}")

    subjects = {subject["digest"]["sha256"] for subject in statement["subject"]}
    materials = {material["digest"]["sha256"] for material in statement["predicate"]["materials"]}

    assert subjects == {record["image_digest"].removeprefix("sha256:")}
    assert materials == {base["digest"].removeprefix("sha256:") for base in record["bases"]}


def test_loading_gives_the_engine_the_images_under_their_tags(road: Hello) -> None:
    finished = road.run("build", "2.0/slim-trixie@amd64", "2.0/slim-trixie@s390x", "--load")

    assert f"loaded {road.name}:slim\n" in finished.stdout
    try:
        said = {
            name: docker(road.engine, "run", "--rm", f"{name}{road.name}:2.0-slim", "hello") for name in ("", "s390x/")
        }
        assert said == {"": "hello 2.0.1 on amd64", "s390x/": "hello 2.0.1 on s390x"}
        assert f"staging/{road.name}" not in docker(road.engine, "images", "--all")
    finally:
        names = (line.split()[1] for line in finished.stdout.splitlines() if line.startswith("loaded "))
        docker(road.engine, "rmi", "--force", *names)


@pytest.mark.parametrize("words", [("build", *ALL), ("plan", *ALL), ("publish",), ("list",)])
def test_json_is_all_that_stdout_holds(road: Hello, words: tuple[str, ...]) -> None:
    finished = road.run("-v", *words, "--variant", "slim", "--format", "json")

    document = json.loads(finished.stdout)
    assert (document["schema"], document["exit_code"]) == (1, 0)


def test_a_reader_that_goes_away_is_no_bug(road: Hello) -> None:
    with road.start("list", "--format", "json") as tool:
        if tool.stdout is not None:
            tool.stdout.close()
        stderr = tool.stderr.read() if tool.stderr else ""

    assert (tool.returncode, stderr) == (15, "")


def test_a_mirror_of_nothing_is_not_needed_to_list(road: Hello) -> None:
    finished = road.run("--mirror", "docker.io=http://127.0.0.1:9", "list")

    assert finished.stdout.splitlines()[-1] == "2 targets, 6 builds"
