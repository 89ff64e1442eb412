"""What we publish, read and checked by other tools; and the bytes of an index, by hand."""

import asyncio
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.model.oci import digest_of
from orchestrator.model.platforms import ARCHES
from orchestrator.model.references import Reference
from orchestrator.tools.engine.docker_host import Engine
from tests.faults.family import Family
from tests.real import docker

pytestmark = pytest.mark.integration

IMAGES = ("amd64", "arm32v7", "arm64v8", "s390x")


@pytest.fixture(scope="module")
def family(registry: str) -> Family:
    """One that is published."""
    made = Family(registry, "peers", IMAGES)
    asyncio.run(made.published())
    return made


@pytest.fixture
def tags(family: Family) -> Sequence[Reference]:
    """All its public tags."""
    return list(family.expected("old"))


@pytest.fixture
def latest(family: Family) -> Reference:
    return family.shared.tagged("latest")


def said(*command: str) -> str:
    """What a program prints; fails the test when it fails."""
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_crane_finds_every_tag_valid(tags: Sequence[Reference]) -> None:
    verdicts = {tag: said("crane", "validate", "--remote", str(tag)) for tag in tags}

    assert {tag for tag, verdict in verdicts.items() if "PASS" not in verdict or "FAIL" in verdict} == set()


def test_others_see_the_digest_that_we_saw(family: Family, tags: Sequence[Reference]) -> None:
    expected = {tag: document.digest for tag, document in family.expected("old").items()}

    by_crane = {tag: said("crane", "digest", str(tag)).strip() for tag in tags}
    by_oras = {
        tag: json.loads(said("oras", "manifest", "fetch", "--plain-http", "--descriptor", str(tag)))["digest"]
        for tag in tags
    }

    assert (by_crane, by_oras) == (expected, expected)


def test_skopeo_copies_every_image_of_an_index(family: Family, latest: Reference, tmp_path: Path) -> None:
    said("skopeo", "copy", "--all", "--src-tls-verify=false", f"docker://{latest}", f"oci:{tmp_path}/copy:latest")

    index = json.loads((tmp_path / "copy" / "index.json").read_text())
    blobs = {path.name for path in (tmp_path / "copy" / "blobs" / "sha256").iterdir()}
    assert [entry["digest"] for entry in index["manifests"]] == [family.expected("old")[latest].digest]
    images = [family.image(arch, "old") for arch in IMAGES]
    names = {digest_of(content) for one in images for content in (one.manifest.content, *one.blobs)}
    assert {f"sha256:{name}" for name in blobs} == {*names, index["manifests"][0]["digest"]}


def test_oras_copies_every_image_of_an_index(family: Family, latest: Reference, tmp_path: Path) -> None:
    said("oras", "cp", "--from-plain-http", "--to-oci-layout", str(latest), f"{tmp_path}/copy:latest")

    fetched = json.loads(said("oras", "manifest", "fetch", "--oci-layout", f"{tmp_path}/copy:latest"))
    assert [entry["digest"] for entry in fetched["manifests"]] == [
        family.image(arch, "old").manifest.digest for arch in IMAGES
    ]


def test_buildx_reads_the_platforms_of_an_index(engine: Engine, latest: Reference) -> None:
    seen = docker(engine, "buildx", "imagetools", "inspect", str(latest), "--format", "{{json .Manifest}}")

    platforms = [entry["platform"] for entry in json.loads(seen)["manifests"]]
    assert ["/".join(platform.values()) for platform in platforms] == [
        "amd64/linux",
        "arm/linux/v7",
        "arm64/linux/v8",
        "s390x/linux",
    ]


def test_the_bytes_of_an_index_are_those_that_its_rules_make(family: Family, latest: Reference) -> None:
    # Keys in alphabetical order, no white space, `/` as `\/`: written out, so that no code of ours has a part in it.
    entries = []
    for arch in IMAGES:
        manifest, platform = family.image(arch, "old").manifest, ARCHES[arch].platform
        variant = f',"variant":"{platform.variant}"' if platform.variant else ""
        entries.append(
            '{"annotations":{"org.opencontainers.image.version":"1.0.1"},'
            f'"digest":"{manifest.digest}",'
            r'"mediaType":"application\/vnd.oci.image.manifest.v1+json",'
            f'"platform":{{"architecture":"{platform.architecture}","os":"{platform.os}"{variant}}},'
            f'"size":{manifest.size}}}'
        )
    text = (
        f'{{"manifests":[{",".join(entries)}],'
        r'"mediaType":"application\/vnd.oci.image.index.v1+json","schemaVersion":2}'
    )

    assert said("crane", "manifest", str(latest)).rstrip("\n") == text
    assert said("crane", "digest", str(latest)).strip() == digest_of(text.encode())
