"""What goes wrong on the disk of a registry: damaged, full, killed over, collected."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from orchestrator.errors import ContractBrokenError, ExitCode, UnavailableError
from orchestrator.model.oci import Document, digest_of
from orchestrator.model.references import Reference, Repository
from orchestrator.model.verification import Part, State
from orchestrator.tools.verify import InRegistry, verify
from tests.configured_registry import Server, server
from tests.pushing import IMPATIENT, Image, client, holds, image, index, push, push_index
from tests.real import orchestrator
from tests.samples import program, tar

pytestmark = pytest.mark.integration

SMALL_DISK_BYTES = 2_000_000


@pytest_asyncio.fixture
async def own(programs: None, tmp_path: Path) -> AsyncIterator[Server]:
    async with server(tmp_path, storage={"delete": {"enabled": True}}) as own:
        yield own


@pytest.fixture
def tag(own: Server) -> Reference:
    return Repository(own.address, "library/tool").tagged("1.0")


@pytest.fixture
def images() -> tuple[Image, ...]:
    return tuple(
        image(tar({"bin/tool": program(arch), "salt": os.urandom(8)}), platform=platform)
        for arch, platform in (("amd64", "linux/amd64"), ("arm64v8", "linux/arm64/v8"))
    )


async def found_wrong(tag: Reference, document: Document, *, deep: bool = False) -> list[tuple[State, Part, str]]:
    """What `verify` says of a tag, by state, part and digest."""
    async with client() as registry:
        found = await verify(InRegistry(registry, tag.repository), {tag.tag: document}, deep=deep)
    return [(problem.state, problem.need.part, problem.need.descriptor.digest) for problem in found.problems]


@pytest.mark.row("W29")
async def test_a_layer_that_rotted_is_found_and_named(
    own: Server, tag: Reference, images: tuple[Image, ...], tmp_path: Path
) -> None:
    async with client() as registry:
        await push_index(registry, tag, images)
    layer = digest_of(images[1].blobs[1])
    rotten = bytearray(own.blob(layer).read_bytes())
    rotten[40] ^= 1
    own.blob(layer).write_bytes(rotten)

    shallow, deep = [
        await asyncio.to_thread(orchestrator, "verify", *words, str(tag), state=tmp_path / "state", check=False)
        for words in ((), ("--deep",))
    ]

    assert (shallow.returncode, deep.returncode) == (ExitCode.DONE, ExitCode.CONTRACT_BROKEN)
    assert f"damaged layer {layer} in {tag.repository}\n  needed by: 1.0 linux/arm64/v8\n" in deep.stdout


@pytest.mark.row("W28")
async def test_an_empty_copy_that_a_full_disk_left_is_found_by_reading_back(
    own: Server, tag: Reference, images: tuple[Image, ...]
) -> None:
    async with client() as registry:
        await push(registry, tag, images[0])
    own.blob(images[0].manifest.digest).write_bytes(b"")

    async with client() as again:
        with pytest.raises(ContractBrokenError, match="accepted it but cannot read it"):
            await again.put_document(tag, images[0].manifest)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.row("W28")
async def test_an_empty_copy_of_a_blob_is_found(
    own: Server, tag: Reference, images: tuple[Image, ...], which: int
) -> None:
    async with client() as registry:
        document = await push_index(registry, tag, images)
    blob = digest_of(images[0].blobs[which])
    own.blob(blob).write_bytes(b"")

    found = await found_wrong(tag, document, deep=True)

    assert found == [(State.DAMAGED, (Part.CONFIG, Part.LAYER)[which], blob)]


@pytest.mark.row("W30")
async def test_a_tag_that_the_registry_was_killed_over_is_healed(
    own: Server, tag: Reference, images: tuple[Image, ...]
) -> None:
    async with client() as registry:
        await push_index(registry, tag, images[:1])
    own.link(tag).write_bytes(b"")

    async with client() as again:
        with pytest.raises(UnavailableError, match="500"):
            await again.document(tag)
        document = await push_index(again, tag, images)

    async with client() as reader:
        assert await reader.document(tag) == document


@pytest.mark.row("W31")
async def test_a_registry_that_is_killed_and_restarted_is_waited_for(
    own: Server, tag: Reference, images: tuple[Image, ...]
) -> None:
    large = image(os.urandom(30_000_000))
    patient = replace(IMPATIENT, first_seconds=0.3, longest_seconds=1.0)

    async with client(policy=patient) as registry:
        await push(registry, tag, images[0])
        pushing = asyncio.create_task(push(registry, tag.repository.tagged("2.0"), large))
        await asyncio.sleep(0.05)
        own.end(signal.SIGKILL)
        await own.start()
        assert await pushing

    async with client() as reader:
        assert await reader.document(tag) == images[0].manifest
        assert await reader.document(tag.repository.tagged("2.0")) == large.manifest


@pytest.mark.row("W32")
async def test_what_garbage_collection_took_is_named(own: Server, tag: Reference, images: tuple[Image, ...]) -> None:
    async with client() as registry:
        document = await push_index(registry, tag, images)
        await registry.put_document(tag.repository.tagged("keep"), images[0].manifest)
    own.end()
    own.collect_garbage()
    await own.start()

    found = await found_wrong(tag, document)

    # The one with a tag of its own has stayed.
    assert found == [(State.MISSING, Part.MANIFEST, images[1].manifest.digest)]


@pytest.mark.row("W33")
async def test_a_manifest_that_was_deleted_under_its_index_is_named(
    own: Server, tag: Reference, images: tuple[Image, ...], tmp_path: Path
) -> None:
    async with client() as registry:
        await push_index(registry, tag, images)
    gone = images[0].manifest.digest
    url = f"http://{own.address}/v2/{tag.path}/manifests/{gone}"
    async with aiohttp.ClientSession() as session, session.delete(url) as answer:
        answer.raise_for_status()

    ended = await asyncio.to_thread(orchestrator, "verify", str(tag), state=tmp_path / "state", check=False)

    assert ended.returncode == ExitCode.CONTRACT_BROKEN
    assert f"missing manifest {gone} in {tag.repository}\n  needed by: 1.0 linux/amd64\n" in ended.stdout


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own with little room."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "none", str(folder)), check=True)
    try:
        yield folder
    finally:
        subprocess.run(("umount", str(folder)), check=True)


@pytest.mark.row("W27")
async def test_a_disk_that_is_full_harms_nothing_that_is_there(
    programs: None, small_disk: Path, images: tuple[Image, ...]
) -> None:
    async with server(small_disk) as own:
        tag = Repository(own.address, "library/tool").tagged("1.0")
        async with client() as registry:
            old = await push_index(registry, tag, images[:1])
            with pytest.raises(UnavailableError, match="no space left on device"):
                await push_index(registry, tag, [*images, image(os.urandom(SMALL_DISK_BYTES), platform="linux/386")])

        async with client() as reader:
            assert await reader.document(tag) == old
            assert await holds(reader, tag.repository, old.digest)
            assert old == index(images[:1])
