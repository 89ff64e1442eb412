"""Tests of the verb `report` over HTTP: a registry that serves recorded images, and a real one."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from orchestrator.model.oci import DOCKER_LAYER, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Document, digest_of
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Repository
from orchestrator.model.report.package_databases import DPKG
from tests.pushing import Image, client, push
from tests.real import orchestrator
from tests.samples import tar
from tests.stored_images import Served, Store

pytestmark = pytest.mark.integration

CONFIG = {"os": "linux", "architecture": "amd64"}
LAYER = {"mediaType": DOCKER_LAYER, "digest": digest_of(b"layer"), "size": 5}
TAGS = 50


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    async with Served(Store()) as served:
        yield served


async def report(folder: Path, *words: str, hub: Served | None = None) -> subprocess.CompletedProcess[str]:
    """Run the verb in a process of its own, outside the folder of any image; `hub` stands in for Docker Hub."""
    mirror = ("--mirror", f"docker.io=http://{hub.address}") if hub else ()
    before = ("-C", str(folder), *mirror, "report")
    return await asyncio.to_thread(orchestrator, *before, *words, state=folder / "state", check=False)


def pushed(text: str, *, version: str) -> Image:
    """An image whose one layer is a package database of this text."""
    layer = tar({DPKG: text.encode()})
    history = [{"created": "2026-01-31T12:00:00Z", "created_by": "RUN /bin/sh -c apt-get install tool # buildkit"}]
    config = json.dumps({**CONFIG, "config": {"Env": [f"VERSION={version}"]}, "history": history}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": digest_of(config), "size": len(config)},
        "layers": [{"mediaType": OCI_LAYER, "digest": digest_of(layer), "size": len(layer)}],
    }
    on = Platform("linux", "amd64")
    return Image(Document(OCI_MANIFEST, json.dumps(manifest).encode()), (config, layer), on)


@pytest.mark.parametrize("name", ["python-3.8-buster", "python-3.8.0-windowsservercore"])
async def test_recorded_images_are_reported_to_the_byte(served: Served, tmp_path: Path, name: str) -> None:
    reference, expected = served.store.recorded(name)

    found = await report(tmp_path, reference.short, hub=served)

    assert (found.stdout, found.stderr, found.returncode) == (expected, "", 0)


async def test_many_tags_send_each_request_once_and_write_what_changed(served: Served, tmp_path: Path) -> None:
    reference, _ = served.store.recorded("python-3.8.0-windowsservercore")
    other = served.store.image(CONFIG, [LAYER])
    index = served.store.documents[reference.tag]
    served.store.documents.update({f"tag{number}": index if number % 2 else other for number in range(TAGS)})

    first = await report(tmp_path, "--all", "-o", str(tmp_path / "pages"), "python", hub=served)
    asked = dict(served.asked)
    second = await report(tmp_path, "--all", "-o", str(tmp_path / "pages"), "python", hub=served)

    layers = {layer.digest for child in index.children for layer in served.store.documents[child.digest].layers}
    expected = 1 + (TAGS + 1) + (len(index.children)) + len(served.store.blobs) + len({*layers, LAYER["digest"]})
    assert (set(asked.values()), len(asked)) == ({1}, expected)
    pages = [f"python/remote/{tag}.md" for tag in (reference.tag, *(f"tag{number}" for number in range(TAGS)))]
    assert sorted(first.stdout.splitlines()) == sorted((*pages, "python/tag-details.md"))
    assert (second.stdout, second.returncode) == ("", 0)


async def test_one_broken_tag_does_not_stop_the_others(served: Served, tmp_path: Path) -> None:
    served.store.image(CONFIG, [LAYER], "good")
    broken = served.store.image({**CONFIG, "author": "x"}, [LAYER], "broken")
    config = broken.config.digest if broken.config else ""
    del served.store.blobs[config]

    names = [f"{served.address}/tool:{tag}" for tag in ("broken", "good", "missing")]
    found = await report(tmp_path, *names, "--format", "json")

    document = json.loads(found.stdout)
    told = [(image["image"], image["exists"]) for image in document["images"]]
    assert told == [(names[1], True), (names[2], False)]
    assert (found.returncode, document["exit_code"]) == (22, 22)
    assert config in document["problems"][0]


async def test_a_tag_that_is_missing_is_reported_with_a_code_of_its_own(served: Served, tmp_path: Path) -> None:
    name = f"{served.address}/tool:1.0"

    found = await report(tmp_path, name)

    assert (found.stdout, found.returncode) == (f"## `{name}`\n\n**does not exist** (yet?)\n", 12)


async def test_a_registry_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    found = await report(tmp_path, "127.0.0.1:1/tool:1.0")

    assert (found.stdout, found.returncode) == ("", 13)
    assert found.stderr.startswith("error: reading 127.0.0.1:1/tool:1.0: cannot reach 127.0.0.1:1")


async def test_a_real_registry_says_no_dates_of_layers(registry: str, tmp_path: Path) -> None:
    place = Repository(registry, "report/dates").tagged("1.0")
    image = pushed("", version="1.0")
    async with client() as opened:
        await push(opened, place, image)

    found = await report(tmp_path, str(place))

    digest, size = digest_of(image.blobs[1]), len(image.blobs[1])
    layers = f"-\tLayers:\n\t-\t`{digest}`  \n\t\tSize: {size}.0 B  \n\t\tMIME: {OCI_LAYER}\n"
    assert found.stdout.endswith(f"RUN apt-get install tool # buildkit\n```\n\n{layers}")


async def test_two_images_in_a_real_registry_are_compared(registry: str, tmp_path: Path) -> None:
    places = [Repository(registry, "report/diff").tagged(tag) for tag in ("1.0", "1.1")]
    status = "Package: {}\nStatus: install ok installed\nVersion: {}\n"
    old, new = (pushed(status.format("tool", version), version=version) for version in ("1.0-1", "1.1-1"))
    async with client() as opened:
        for place, image in zip(places, (old, new), strict=True):
            await push(opened, place, image)

    found = await report(tmp_path, "--diff", *map(str, places), "--format", "json")

    platform: dict[str, Any] = json.loads(found.stdout)["platforms"][0]
    tool = {"kind": "deb", "name": "tool", "before": "1.0-1", "after": "1.1-1", "course": "upgraded"}
    assert platform["packages"] == {"from": "package databases", "problem": None, "kept": 0, "changes": [tool]}
    assert platform["environment"] == [{"name": "VERSION", "before": "1.0-1", "after": "1.1-1"}]


async def test_an_image_that_is_not_there_cannot_be_compared(served: Served, tmp_path: Path) -> None:
    served.store.image(CONFIG, [LAYER], "1.0")

    one, other = (f"{served.address}/tool:{tag}" for tag in ("1.0", "2.0"))

    found = await report(tmp_path, "--diff", one, other)

    assert (found.stdout, found.stderr, found.returncode) == ("", f"error: {other}: there is no such image\n", 2)


async def test_what_a_mirror_lacks_is_not_taken_to_be_missing(served: Served, tmp_path: Path) -> None:
    """Its own registry may have it, and cannot be asked: a name that is reserved for leading nowhere."""
    mirror = f"registry.invalid=http://{served.address}"

    found = await asyncio.to_thread(
        orchestrator,
        *("-C", str(tmp_path), "--mirror", mirror, "report", "registry.invalid/tool:1.0"),
        state=tmp_path / "state",
        check=False,
    )

    assert (found.stdout, found.returncode) == ("", 13)
