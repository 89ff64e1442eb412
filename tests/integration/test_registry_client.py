"""Tests of the registry client against a real registry, through a proxy that lets requests go wrong."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from orchestrator.errors import (
    ContractBrokenError,
    InputError,
    LocalOutputError,
    TagMovedError,
)
from orchestrator.model.oci import digest_of
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.registry import Outcome, Registry
from tests.fault_rules import Rule
from tests.faultproxy import FaultProxy
from tests.pushing import IMPATIENT, Image, client, holds, image, push, push_index

pytestmark = pytest.mark.integration

GET_DOCUMENT = Rule(method="GET", path="/manifests/")
GET_BLOB = Rule(method="GET", path="/blobs/sha256")


@pytest_asyncio.fixture
async def proxy(registry: str) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(registry) as proxy:
        yield proxy


@pytest_asyncio.fixture
async def through(proxy: FaultProxy) -> AsyncIterator[Registry]:
    async with client() as registry:
        yield registry


@pytest.fixture
def tag(proxy: FaultProxy, request: pytest.FixtureRequest) -> Reference:
    """A tag that no other test uses, in a repository of its own."""
    return Repository(proxy.address, f"test/t{digest_of(request.node.nodeid.encode())[7:19]}").tagged("1.0")


@pytest.fixture
def some() -> Image:
    """An image that no registry has yet."""
    return image(os.urandom(64))


async def test_an_image_is_written_once_and_found_again(through: Registry, tag: Reference, some: Image) -> None:
    written = [await push(through, tag, some), await push(through, tag, some)]

    async with client() as another:
        found = await another.document(tag)
        descriptor = await another.resolve(tag)
    assert (written, found, descriptor) == ([True, False], some.manifest, some.manifest.descriptor())


async def test_what_is_known_is_not_asked_for_again(through: Registry, tag: Reference, some: Image) -> None:
    await push(through, tag, some)
    before = through.requests

    await push(through, tag.pinned(some.manifest.digest), some)
    await through.document(tag.pinned(some.manifest.digest))

    assert through.requests == before


async def test_equal_questions_at_once_are_asked_once(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    await push(through, tag, some)
    proxy.seen.clear()

    async with client() as another:
        answers = await asyncio.gather(*(another.document(tag) for _ in range(20)))

    assert (answers, len(proxy.seen)) == ([some.manifest] * 20, 1)


async def test_one_asker_that_gives_up_does_not_disturb_the_others(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    await push(through, tag, some)
    proxy.rules = [replace(GET_DOCUMENT, delay=0.2)]
    first, second = (asyncio.create_task(through.document(tag)) for _ in range(2))
    await asyncio.sleep(0.05)

    first.cancel()

    assert await second == some.manifest


async def test_after_too_many_requests_all_requests_to_the_host_slow_down(
    through: Registry, proxy: FaultProxy, tag: Reference
) -> None:
    proxy.rules = [Rule(method="HEAD", status=429, times=1)]

    await through.blob_size(tag.repository, digest_of(b""))
    await asyncio.gather(*(through.tags(tag.repository) for _ in range(3)))

    times = [seen.at for seen in proxy.seen]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    # The pause shrinks with each request that goes well.
    assert all(gap > least for gap, least in zip(gaps, (0.049, 0.037, 0.028, 0.021), strict=True))


async def test_a_tag_that_somebody_else_moves_is_left_to_them(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    theirs = image(b"theirs")
    for one in (some, image(b"old")):
        await push(through, tag, one)

    async def meanwhile(seconds: float) -> None:
        await push(through, tag, theirs)

    async with client(policy=replace(IMPATIENT, sleep=meanwhile)) as slow:
        with pytest.raises(TagMovedError, match=f"it now names {theirs.manifest.digest}"):
            await slow.put_document(tag, some.manifest)

    assert await through.document(tag) == theirs.manifest


async def test_a_tag_with_a_digest_is_written_as_the_tag(through: Registry, tag: Reference, some: Image) -> None:
    await push(through, replace(tag, digest=some.manifest.digest), some)

    assert await through.tags(tag.repository) == ("1.0",)


async def test_a_repository_that_must_be_made_first_is_told_as_such(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    proxy.rules = [Rule(method="POST", status=404, body='{"errors":[{"code":"NAME_UNKNOWN"}]}')]

    with pytest.raises(InputError, match="create the repository there first"):
        await push(through, tag, some)

    assert len(proxy.requests("POST")) == 1


async def test_a_document_is_not_written_under_another_digest(through: Registry, tag: Reference, some: Image) -> None:
    with pytest.raises(InputError, match="the document's digest is"):
        await through.put_document(tag.pinned(digest_of(b"")), some.manifest)


async def test_a_file_that_vanishes_is_told_as_such(through: Registry, tag: Reference, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(b"1234")

    async def vanish(seconds: float) -> None:
        path.unlink(missing_ok=True)

    async with FaultProxy(tag.registry) as proxy, client(policy=replace(IMPATIENT, sleep=vanish)) as registry:
        proxy.rules = [Rule(method="POST", status=503, times=1)]
        with pytest.raises(LocalOutputError, match=f"{path}: cannot be read"):
            await registry.put_blob(Repository(proxy.address, tag.path), digest_of(b"1234"), 4, path)


async def test_a_large_file_is_uploaded_in_pieces(through: Registry, tag: Reference, tmp_path: Path) -> None:
    content = os.urandom(5_000_000)
    (tmp_path / "blob").write_bytes(content)

    await through.put_blob(tag.repository, digest_of(content), len(content), tmp_path / "blob")

    assert b"".join([chunk async for chunk in through.stream_blob(tag.repository, digest_of(content))]) == content


async def test_an_empty_blob_is_a_blob(through: Registry, tag: Reference) -> None:
    await through.put_blob(tag.repository, digest_of(b""), 0, b"")

    assert await through.blob(tag.repository, digest_of(b""), max_bytes=0) == b""


async def test_a_blob_of_another_repository_is_mounted(through: Registry, proxy: FaultProxy, tag: Reference) -> None:
    content = os.urandom(100)
    other = Repository(tag.registry, f"{tag.path}/other")
    outcomes = [
        await through.put_blob(tag.repository, digest_of(content), 100, content),
        await through.put_blob(other, digest_of(content), 100, tag.repository),
    ]

    async with client() as again:
        outcomes.append(await again.put_blob(other, digest_of(content), 100, content))

    assert outcomes == [Outcome.UPLOADED, Outcome.MOUNTED, Outcome.EXISTING]
    assert len(proxy.requests("PUT", "/blobs/")) == 1


async def test_a_damaged_copy_is_told_from_an_absent_one(through: Registry, proxy: FaultProxy, tag: Reference) -> None:
    await through.put_blob(tag.repository, digest_of(b"1234"), 4, b"1234")
    proxy.rules = [Rule(method="HEAD", set_headers={"Content-Length": "3"})]

    async with client() as another:
        with pytest.raises(ContractBrokenError, match=r"holds 3 bytes as sha256:.*, expected 4"):
            await another.put_blob(tag.repository, digest_of(b"1234"), 4, b"1234")


async def test_an_image_is_copied_with_all_that_it_names(through: Registry, proxy: FaultProxy, tag: Reference) -> None:
    images = [image(os.urandom(64), platform=name) for name in ("linux/amd64", "linux/arm64/v8")]
    document = await push_index(through, tag, images)
    target = Repository(tag.registry, f"{tag.path}/copy")

    await through.copy_document(tag.repository, target, document.digest)

    uploads = len(proxy.requests("PUT", "/blobs/"))
    before = through.requests
    await through.copy_document(tag.repository, target, document.digest)
    assert (uploads, through.requests) == (4, before)
    assert await holds(through, target, document.digest)


async def test_an_image_is_copied_to_another_registry(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image, registry: str
) -> None:
    await push(through, tag, some)
    # By another name the same registry is another one.
    target = Repository(registry.replace("127.0.0.1", "localhost"), f"{tag.path}/copy")

    await through.copy_document(tag.repository, target, some.manifest.digest)

    assert await holds(through, target, some.manifest.digest)


async def test_a_copy_of_what_is_damaged_stops_before_it_is_named(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image, registry: str
) -> None:
    await push(through, tag, some)
    proxy.rules = [replace(GET_BLOB, corrupt=0)]
    target = Repository(registry.replace("127.0.0.1", "localhost"), f"{tag.path}/copy")

    with pytest.raises(ContractBrokenError, match=f"of {tag.repository}: got .* bytes of sha256"):
        await through.copy_document(tag.repository, target, some.manifest.digest)

    assert await through.document(target.at(some.manifest.digest)) is None


async def test_a_copy_of_what_is_not_there_says_so(through: Registry, tag: Reference) -> None:
    target = Repository(tag.registry, f"{tag.path}/copy")

    with pytest.raises(ContractBrokenError, match="does not have it"):
        await through.copy_document(tag.repository, target, digest_of(b"nothing"))


async def test_what_is_not_there_is_absent(through: Registry, tag: Reference) -> None:
    nothing = digest_of(b"nothing")

    answers = [
        await through.document(tag),
        await through.resolve(tag.pinned(nothing)),
        await through.blob_size(tag.repository, nothing),
        await through.tags(tag.repository),
    ]

    assert answers == [None, None, None, ()]


async def test_a_reader_that_stops_early_leaves_nothing_open(proxy: FaultProxy, tag: Reference) -> None:
    content = os.urandom(3_000_000)
    async with client(policy=replace(IMPATIENT, concurrency=1)) as registry:
        await registry.put_blob(tag.repository, digest_of(content), len(content), content)

        pieces = registry.stream_blob(tag.repository, digest_of(content))
        await anext(pieces)
        await pieces.aclose()

        async with asyncio.timeout(5):
            assert await registry.blob_size(tag.repository, digest_of(content)) == len(content)


async def test_a_blob_that_is_missing_is_told_as_such(through: Registry, tag: Reference, some: Image) -> None:
    await push(through, tag, some)

    with pytest.raises(ContractBrokenError, match="the repository does not have it"):
        await through.blob(tag.repository, digest_of(b"nothing"), max_bytes=10)


async def test_a_blob_may_be_redirected_a_few_times(
    through: Registry, proxy: FaultProxy, tag: Reference, registry: str
) -> None:
    content = os.urandom(100)
    await through.put_blob(tag.repository, digest_of(content), 100, content)
    place = f"/v2/{tag.path}/blobs/{digest_of(content)}"
    proxy.rules = [replace(GET_BLOB, status=307, headers={"Location": f"http://{registry}{place}"}, times=1)]

    assert await through.blob(tag.repository, digest_of(content), max_bytes=100) == content

    proxy.rules = [replace(GET_BLOB, status=307, headers={"Location": place})]
    with pytest.raises(ContractBrokenError, match="redirected more than 5 times"):
        await through.blob(tag.repository, digest_of(content), max_bytes=100)


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        (Reference("127.0.0.1:1", "a/../b", "x"), "is not a repository"),
        (Reference("127.0.0.1:1", "UPPER/x", "x"), "is not a repository"),
        (Reference("127.0.0.1:1/x", "a", "x"), "is not a repository"),
        (Reference("127.0.0.1:1", "a", "../x"), "expected a reference with a tag or a digest"),
        (Reference("127.0.0.1:99999", "a", "x"), "is not a repository"),
        (Reference("127.0.0.1:1", "a", ""), "expected a reference with a tag or a digest"),
        (Reference("127.0.0.1:1", "a", digest="sha256:x"), "expected a reference with a tag or a digest"),
    ],
)
async def test_no_request_is_made_for_a_name_that_is_none(reference: Reference, problem: str) -> None:
    async with client() as registry:
        with pytest.raises(InputError, match=problem):
            await registry.document(reference)

        assert registry.requests == {}


async def test_a_name_that_no_host_can_have_is_told_as_such() -> None:
    async with client() as registry:
        with pytest.raises(InputError, match="is no URL that can be asked"):
            await registry.document(Reference(f"{'a' * 64}.example.org", "a/b", "1"))
