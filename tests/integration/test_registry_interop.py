"""Tests that other programs understand what the registry client writes, and it what they write."""

import asyncio
import io
import json
import os
import subprocess
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from orchestrator.model.oci import DOCKER_LIST, OCI_INDEX, Document, digest_of
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.registry import Registry
from tests.pushing import client, holds, image, push_index
from tests.real import docker

pytestmark = pytest.mark.integration

PLATFORMS = ("linux/amd64", "linux/arm64/v8", "linux/s390x")


@pytest_asyncio.fixture
async def through(registry: str) -> AsyncIterator[Registry]:
    async with client() as through:
        yield through


@pytest_asyncio.fixture
async def published(through: Registry, registry: str) -> tuple[Reference, Document]:
    """An index over images of one file each, which says for which platform it is."""
    reference = Repository(registry, f"test/interop-{os.urandom(4).hex()}").tagged("1.0")
    images = [image(layer(name.encode()), platform=name) for name in PLATFORMS]
    return reference, await push_index(through, reference, images)


def layer(content: bytes) -> bytes:
    """A layer with one file, /platform."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        entry = tarfile.TarInfo("platform")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def test_buildx_reads_the_index_that_we_wrote(engine: Engine, published: tuple[Reference, Document]) -> None:
    reference, document = published

    raw = docker(engine, "buildx", "imagetools", "inspect", "--raw", str(reference))

    assert json.loads(raw) == json.loads(document.content)


def test_skopeo_reads_the_index_that_we_wrote(published: tuple[Reference, Document]) -> None:
    reference, document = published
    command = ("skopeo", "inspect", "--tls-verify=false", "--raw", f"docker://{reference}")

    raw = subprocess.run(command, capture_output=True, check=True).stdout

    assert digest_of(raw) == document.digest


@pytest.mark.parametrize("platform", PLATFORMS)
def test_docker_pulls_each_platform_that_we_wrote(
    engine: Engine, published: tuple[Reference, Document], platform: str, tmp_path: Path
) -> None:
    reference, _ = published

    docker(engine, "pull", "--quiet", "--platform", platform, str(reference))
    container = docker(engine, "create", "--platform", platform, str(reference), "/none")
    docker(engine, "cp", f"{container}:/platform", str(tmp_path / "platform"))
    docker(engine, "rm", container)
    docker(engine, "rmi", str(reference))

    assert (tmp_path / "platform").read_text() == platform


async def test_we_read_what_docker_pushed(engine: Engine, through: Registry, registry: str, tmp_path: Path) -> None:
    repository = Repository(registry, f"test/pushed-{os.urandom(4).hex()}")
    (tmp_path / "root.tar").write_bytes(layer(b"from docker"))
    name = str(repository.tagged("1.0"))

    for words in (("import", str(tmp_path / "root.tar"), name), ("push", "--quiet", name), ("rmi", name)):
        await asyncio.to_thread(docker, engine, *words)

    document = await through.document(repository.tagged("1.0"))
    assert document is not None
    assert await holds(through, repository, document.digest)
    assert await through.tags(repository) == ("1.0",)


@pytest.mark.parametrize(
    ("provenance", "media_type", "attestations"), [("mode=max", OCI_INDEX, 2), ("false", DOCKER_LIST, 0)]
)
async def test_we_copy_what_buildx_built(
    engine: Engine,
    through: Registry,
    registry: str,
    tmp_path: Path,
    provenance: str,
    media_type: str,
    attestations: int,
) -> None:
    repository = Repository(registry, f"test/built-{os.urandom(4).hex()}")
    copy = Repository(registry, f"{repository.path}-copy")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    words = (f"--provenance={provenance}", "--platform=linux/amd64,linux/arm64", "--push")
    name = str(repository.tagged("1.0"))
    await asyncio.to_thread(docker, engine, "buildx", "build", "--quiet", *words, f"--tag={name}", str(tmp_path))
    index = await through.document(repository.tagged("1.0"))
    assert index is not None

    await through.copy_document(repository, copy, index.digest)

    subjects = [child.subject for child in index.children if child.is_attestation]
    images = [child.digest for child in index.children if not child.is_attestation]
    assert (index.media_type, len(images), len(subjects)) == (media_type, 2, attestations)
    assert set(subjects) <= set(images)
    assert await holds(through, copy, index.digest)
