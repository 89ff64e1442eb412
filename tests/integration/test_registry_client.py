"""Tests of the registry client against a real registry, through a proxy that lets requests go wrong."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from orchestrator.errors import (
    ContractBrokenError,
    InputError,
    LocalOutputError,
    NotAuthorisedError,
    TagMovedError,
    UnavailableError,
)
from orchestrator.model.oci import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, digest_of
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.registry import Outcome, Registry
from tests.faultproxy import FaultProxy
from tests.faults import Rule
from tests.pushing import ANYBODY, IMPATIENT, Image, client, holds, image, index, push, push_index

pytestmark = pytest.mark.integration

PUT_TAG = Rule(method="PUT", path="/manifests/(?!sha256)")
GET_DOCUMENT = Rule(method="GET", path="/manifests/")
PUT_BLOB = Rule(method="PUT", path="/blobs/")
GET_BLOB = Rule(method="GET", path="/blobs/sha256")
MOUNT = Rule(method="POST", query="mount=")


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


async def test_each_read_says_that_it_takes_all_four_kinds_of_document(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    await push(through, tag, some)

    reads = proxy.requests("GET", "/manifests/")

    kinds = {OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST}
    assert [set(read.accept.split(", ")) for read in reads] == [kinds] * len(reads)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_a_registry_that_is_busy_for_a_while_is_asked_again(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image, status: int
) -> None:
    proxy.rules = [replace(PUT_TAG, status=status, times=2)]

    assert await push(through, tag, some)

    assert [put.status for put in proxy.requests("PUT", "/manifests/1.0")] == [status, status, 201]


async def test_after_too_many_requests_all_requests_to_the_host_slow_down(
    through: Registry, proxy: FaultProxy, tag: Reference
) -> None:
    proxy.rules = [Rule(method="HEAD", status=429, times=1)]

    await through.has_blob(tag.repository, digest_of(b""))
    await asyncio.gather(*(through.tags(tag.repository) for _ in range(3)))

    times = [seen.at for seen in proxy.seen]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    # The pause halves with each request that goes well: 50 ms, then 25 ms, 12 ms, 6 ms.
    assert all(gap > least for gap, least in zip(gaps, (0.049, 0.024, 0.012, 0.006), strict=True))


async def test_the_wait_that_a_registry_asks_for_is_kept(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    proxy.rules = [replace(PUT_TAG, status=429, headers={"Retry-After": "1"}, times=1)]

    await push(through, tag, some)

    first, second = proxy.requests("PUT", "/manifests/1.0")
    assert second.at - first.at >= 1.0


async def test_a_wait_that_is_too_long_ends_the_attempt_and_is_told(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    proxy.rules = [replace(PUT_TAG, status=429, headers={"Retry-After": "99999"})]

    with pytest.raises(UnavailableError, match="asks to wait 99999 s"):
        await push(through, tag, some)

    assert len(proxy.requests("PUT", "/manifests/1.0")) == 1


async def test_a_registry_that_stays_busy_is_given_up_and_the_tag_stays(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    await push(through, tag, some)
    proxy.rules = [replace(PUT_TAG, status=503)]
    proxy.seen.clear()

    with pytest.raises(UnavailableError, match=rf"writing {tag}: tried 8 times without success, last: 503"):
        await push(through, tag, image(b"other"))

    assert (len(proxy.requests("PUT", "/manifests/1.0")), await through.document(tag)) == (8, some.manifest)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, '{"errors":[{"code":"MANIFEST_INVALID"}]}', InputError),
        (403, '{"errors":[{"code":"DENIED"}]}', NotAuthorisedError),
        (405, "Method not allowed", NotAuthorisedError),
        (413, "<html>too large</html>", InputError),
        (500, '{"errors":[{"code":"UNKNOWN"},{"code":"MANIFEST_BLOB_UNKNOWN"}]}', InputError),
    ],
)
async def test_a_refusal_is_not_tried_again(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image, status: int, body: str, kind: type[Exception]
) -> None:
    proxy.rules = [replace(PUT_TAG, status=status, body=body)]

    with pytest.raises(kind, match=f"writing {tag}: .*{status}"):
        await push(through, tag, some)

    assert len(proxy.requests("PUT", "/manifests/1.0")) == 1


@pytest.mark.parametrize("status", [409, 412])
async def test_a_protected_tag_is_refused_unless_it_is_what_we_want(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image, status: int
) -> None:
    await push(through, tag, some)
    proxy.rules = [replace(PUT_TAG, status=status)]

    with pytest.raises(NotAuthorisedError, match="the tag may be protected against change"):
        await push(through, tag, image(b"other"))

    assert len(proxy.requests("PUT", "/manifests/1.0")) == 2


async def test_a_connection_that_breaks_before_a_write_is_made_again(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    proxy.rules = [replace(PUT_TAG, reset=True, times=1)]

    assert await push(through, tag, some)

    assert await through.document(tag) == some.manifest


@pytest.mark.parametrize("rule", [replace(PUT_TAG, reset_after=True), replace(PUT_TAG, hang_after=True)])
async def test_a_write_whose_answer_is_lost_is_looked_for_before_it_is_done_again(
    proxy: FaultProxy, tag: Reference, some: Image, rule: Rule
) -> None:
    proxy.rules = [rule]

    async with client(policy=replace(IMPATIENT, answer_seconds=0.5)) as registry:
        assert await push(registry, tag, some)

    assert len(proxy.requests("PUT", "/manifests/1.0")) == 1


async def test_a_registry_that_restarts_is_waited_for(registry: str, some: Image) -> None:
    async with client(policy=replace(IMPATIENT, first_seconds=0.1, longest_seconds=0.4)) as through:
        async with FaultProxy(registry) as before:
            reference = Repository(before.address, "test/restarted").tagged("1.0")
            await through.document(reference)
        pushing = asyncio.create_task(push(through, reference, some))
        await asyncio.sleep(0.05)

        async with FaultProxy(registry, port=int(before.address.rpartition(":")[2])):
            assert await pushing


async def test_a_registry_that_never_answers_does_not_hold_us(proxy: FaultProxy, tag: Reference) -> None:
    proxy.rules = [Rule(hang=True)]

    async with client(policy=replace(IMPATIENT, answer_seconds=0.1, attempts=3)) as registry:
        with pytest.raises(UnavailableError, match=f"no answer from {proxy.address} in time"):
            await registry.document(tag)

    assert registry.requests == {"GET": 3}


async def test_an_answer_that_only_trickles_does_not_hold_us(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    await push(through, tag, some)
    proxy.rules = [Rule(method="GET", drip=(1, 0.05), times=2)]

    async with client(policy=replace(IMPATIENT, answer_seconds=0.2)) as impatient:
        assert await impatient.document(tag) == some.manifest
        proxy.rules = list(proxy.rules)
        assert await impatient.blob(tag.repository, digest_of(some.blobs[1]), max_bytes=64) == some.blobs[1]

    assert [seen.path.rpartition("/")[2][:6] for seen in proxy.requests("GET")][-6:] == ["1.0"] * 3 + ["sha256"] * 3


async def test_a_redirected_write_goes_nowhere(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image, registry: str
) -> None:
    async with FaultProxy(registry) as elsewhere:
        place = f"http://{elsewhere.address}/v2/{tag.path}/manifests/1.0"
        proxy.rules = [replace(PUT_TAG, status=307, headers={"Location": place})]

        with pytest.raises(ContractBrokenError, match="only reading a blob may be redirected"):
            await push(through, tag, some)

        assert (elsewhere.seen, len(proxy.requests("PUT", "/manifests/1.0"))) == ([], 1)


async def test_an_upload_may_go_on_elsewhere(
    through: Registry, proxy: FaultProxy, tag: Reference, registry: str
) -> None:
    content = os.urandom(100)
    async with FaultProxy(registry) as elsewhere, client() as direct:
        begun = f"http://{elsewhere.address}/v2/{tag.path}/blobs/uploads/"
        proxy.rules = [Rule(method="POST", set_headers={"Location": await _begun(direct, tag, begun)}, times=1)]

        outcome = await through.put_blob(tag.repository, digest_of(content), len(content), content)

        assert (outcome, [seen.method for seen in elsewhere.requests("PUT")]) == (Outcome.UPLOADED, ["PUT"])


async def _begun(direct: Registry, tag: Reference, url: str) -> str:
    """The place of an upload that was begun at another address of the same registry."""
    async with aiohttp.ClientSession() as session, session.post(url) as response:
        return response.headers["Location"]


@pytest.mark.parametrize("location", [None, "ftp://127.0.0.1/x", "http://[::1"])
async def test_an_upload_that_cannot_go_on_is_out_of_contract(
    through: Registry, proxy: FaultProxy, tag: Reference, location: str | None
) -> None:
    proxy.rules = [Rule(method="POST", set_headers={"Location": location})]

    with pytest.raises(ContractBrokenError, match="uploading blob"):
        await through.put_blob(tag.repository, digest_of(b"x"), 1, b"x")


async def test_a_wrong_digest_in_an_answer_is_settled_by_reading_back(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    proxy.rules = [replace(PUT_TAG, set_headers={"Docker-Content-Digest": digest_of(b"wrong")})]

    assert await push(through, tag, some)

    assert len(proxy.requests("PUT", "/manifests/1.0")) == 1


async def test_what_a_registry_accepts_but_does_not_store_is_not_done(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    await push(through, tag, some)
    proxy.rules = [replace(PUT_TAG, status=201, body="")]
    proxy.seen.clear()

    with pytest.raises(ContractBrokenError, match=r"accepted sha256:.* but does not show it"):
        await push(through, tag, image(b"other"))

    assert (len(proxy.requests("PUT", "/manifests/1.0")), await through.document(tag)) == (4, some.manifest)


@pytest.mark.parametrize("rule", [replace(PUT_TAG, absent=3), replace(PUT_TAG, stale=3)])
async def test_what_becomes_visible_late_is_waited_for_and_not_written_again(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image, rule: Rule
) -> None:
    await push(through, tag, some)
    other = image(b"other")
    proxy.rules = [rule]
    proxy.seen.clear()

    assert await push(through, tag, other)

    assert (len(proxy.requests("PUT", "/manifests/1.0")), await through.document(tag)) == (1, other.manifest)


async def test_what_never_becomes_visible_is_given_up_after_few_writes(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    proxy.rules = [replace(PUT_TAG, absent=1000)]

    with pytest.raises(ContractBrokenError, match="does not show it"):
        await push(through, tag, some)

    assert len(proxy.requests("PUT", "/manifests/1.0")) == 4


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


async def test_a_tag_that_cannot_be_read_is_healed_by_writing_it(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    proxy.rules = [replace(GET_DOCUMENT, status=500, times=8)]

    assert await push(through, tag, some)

    assert await through.document(tag) == some.manifest


async def test_what_is_written_but_cannot_be_read_is_out_of_contract(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    proxy.rules = [replace(GET_DOCUMENT, status=500, skip=1)]

    with pytest.raises(ContractBrokenError, match="the registry accepted it but cannot read it"):
        await push(through, tag, some)


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


@pytest.mark.parametrize(
    ("rule", "puts"),
    [
        (replace(PUT_BLOB, cut_request=30_000), 2),
        (replace(PUT_BLOB, reset=True), 2),
        (replace(PUT_BLOB, status=404, body='{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}'), 2),
        (replace(PUT_BLOB, status=416), 2),
        (replace(PUT_BLOB, status=503), 2),
        (replace(PUT_BLOB, status=400, body='{"errors":[{"code":"DIGEST_INVALID"}]}'), 2),
        (replace(PUT_BLOB, reset_after=True), 1),
    ],
)
async def test_an_upload_that_breaks_begins_anew_unless_it_had_arrived(
    through: Registry, proxy: FaultProxy, tag: Reference, registry: str, rule: Rule, puts: int
) -> None:
    content = os.urandom(100_000)
    proxy.rules = [replace(rule, times=1)]

    outcome = await through.put_blob(tag.repository, digest_of(content), len(content), content)

    stored = await through.blob(Repository(registry, tag.path), digest_of(content), max_bytes=len(content))
    seen = proxy.requests("PUT", "/blobs/")
    assert (outcome, stored == content, len(seen)) == (Outcome.UPLOADED, True, puts)
    assert len({put.query.partition("&digest")[0] for put in seen}) == puts


async def test_an_upload_that_breaks_for_ever_is_given_up(through: Registry, proxy: FaultProxy, tag: Reference) -> None:
    proxy.rules = [replace(PUT_BLOB, cut_request=1)]

    with pytest.raises(UnavailableError, match=r"uploading blob sha256:.* tried 8 times"):
        await through.put_blob(tag.repository, digest_of(b"12"), 2, b"12")


async def test_whose_digest_is_wrong_is_found_out(
    through: Registry, proxy: FaultProxy, tag: Reference, tmp_path: Path
) -> None:
    (tmp_path / "blob").write_bytes(b"1234")
    with pytest.raises(InputError, match=f"the local content is {digest_of(b'1234')}; it was changed or is damaged"):
        await through.put_blob(tag.repository, digest_of(b"abcd"), 4, tmp_path / "blob")

    proxy.rules = [replace(PUT_BLOB, status=400, body='{"errors":[{"code":"DIGEST_INVALID"}]}')]
    with pytest.raises(ContractBrokenError, match="twice found another digest in content that is right here"):
        await through.put_blob(tag.repository, digest_of(b"1234"), 4, tmp_path / "blob")


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


@pytest.mark.parametrize("rule", [replace(MOUNT, status=401), replace(MOUNT, status=405), Rule(times=0)])
async def test_a_blob_that_cannot_be_mounted_is_uploaded(
    through: Registry, proxy: FaultProxy, tag: Reference, rule: Rule
) -> None:
    content = os.urandom(100)
    proxy.rules = [rule]

    outcome = await through.put_blob(
        tag.repository, digest_of(content), 100, content, mount_from=[Repository(tag.registry, "no/such")]
    )

    # Where the registry began an upload instead of the mount, that one is used.
    assert (outcome, len(proxy.requests("POST"))) == (Outcome.UPLOADED, 2 if rule.status else 1)


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
        await through.has_blob(tag.repository, nothing),
        await through.tags(tag.repository),
    ]

    assert answers == [None, None, False, ()]


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (replace(GET_DOCUMENT, status=404, body="<html>who?</html>"), UnavailableError),
        (replace(GET_DOCUMENT, status=404, body='{"errors":[{"code":"UNKNOWN"}]}'), UnavailableError),
        (replace(GET_DOCUMENT, status=500), UnavailableError),
        (replace(GET_DOCUMENT, status=401), NotAuthorisedError),
        (replace(GET_DOCUMENT, status=403), NotAuthorisedError),
        (replace(GET_DOCUMENT, status=302, headers={"Location": "/elsewhere"}), ContractBrokenError),
        (replace(GET_DOCUMENT, reset=True), UnavailableError),
    ],
)
async def test_what_is_not_known_is_not_absent(
    through: Registry, proxy: FaultProxy, tag: Reference, rule: Rule, kind: type[Exception]
) -> None:
    proxy.rules = [rule]

    with pytest.raises(kind, match=f"reading {tag}: "):
        await through.document(tag)


@pytest.mark.parametrize("rule", [replace(GET_DOCUMENT, truncate=20), replace(GET_DOCUMENT, corrupt=9)])
async def test_a_damaged_answer_is_asked_for_again(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image, rule: Rule
) -> None:
    await push(through, tag, some)
    proxy.rules = [replace(rule, times=2)]

    assert await through.document(tag) == some.manifest


async def test_a_document_that_stays_damaged_is_out_of_contract(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    await push(through, tag, some)
    proxy.rules = [replace(GET_DOCUMENT, corrupt=9)]
    proxy.seen.clear()

    with pytest.raises(ContractBrokenError, match=rf"expected content of {some.manifest.digest}, got .*, 3 times"):
        await through.document(tag)

    assert len(proxy.seen) == 3


async def test_a_document_without_end_is_not_read(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    proxy.rules = [replace(GET_DOCUMENT, status=200, body="x" * (4 * 1024 * 1024 + 1))]

    with pytest.raises(ContractBrokenError, match="longer than 4194304 bytes"):
        await through.document(tag)


async def test_what_is_no_image_is_not_taken_for_one(through: Registry, proxy: FaultProxy, tag: Reference) -> None:
    proxy.rules = [
        replace(GET_DOCUMENT, status=200, body='{"schemaVersion": 1}', headers={"Content-Type": "text/html"})
    ]

    with pytest.raises(ContractBrokenError, match=f"reading {tag}: not an image manifest or index"):
        await through.document(tag)


async def test_a_blob_is_taken_up_again_where_it_broke_off(
    through: Registry, proxy: FaultProxy, tag: Reference
) -> None:
    content = os.urandom(300_000)
    await through.put_blob(tag.repository, digest_of(content), len(content), content)
    proxy.rules = [replace(GET_BLOB, truncate=100_000, times=2)]

    read = b"".join([chunk async for chunk in through.stream_blob(tag.repository, digest_of(content))])

    assert (read == content, [seen.status for seen in proxy.requests("GET")]) == (True, [0, 0, 206])


async def test_a_reader_that_stops_early_leaves_nothing_open(proxy: FaultProxy, tag: Reference) -> None:
    content = os.urandom(3_000_000)
    async with client(policy=replace(IMPATIENT, concurrency=1)) as registry:
        await registry.put_blob(tag.repository, digest_of(content), len(content), content)

        pieces = registry.stream_blob(tag.repository, digest_of(content))
        await anext(pieces)
        await pieces.aclose()

        async with asyncio.timeout(5):
            assert await registry.has_blob(tag.repository, digest_of(content))


@pytest.mark.parametrize(("length", "problem"), [(99, "longer than the 99 bytes"), (100, "got 100 bytes of sha256")])
async def test_a_blob_is_proven_before_it_is_given(
    through: Registry, proxy: FaultProxy, tag: Reference, length: int, problem: str
) -> None:
    content = os.urandom(100)
    await through.put_blob(tag.repository, digest_of(content), 100, content)
    proxy.rules = [replace(GET_BLOB, corrupt=0)]

    with pytest.raises(ContractBrokenError, match=problem):
        await through.blob(tag.repository, digest_of(content), max_bytes=length)


async def test_a_streamed_blob_that_is_another_is_told_at_its_end(
    through: Registry, proxy: FaultProxy, tag: Reference
) -> None:
    content = os.urandom(100)
    await through.put_blob(tag.repository, digest_of(content), 100, content)
    proxy.rules = [replace(GET_BLOB, corrupt=0)]

    with pytest.raises(ContractBrokenError, match=r"got 100 bytes of sha256:"):
        [chunk async for chunk in through.stream_blob(tag.repository, digest_of(content))]


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


async def test_tags_come_in_order_whatever_the_registry_does(
    through: Registry, proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    for name in ("b", "a", "c"):
        await push(through, tag.repository.tagged(name), some)
    pages = f'</v2/{tag.path}/tags/list?last=c>; rel="next"'
    proxy.rules = [Rule(path="tags/list", set_headers={"Link": pages}, times=1)]

    assert await through.tags(tag.repository) == ("a", "b", "c")

    proxy.rules = [Rule(path="tags/list", set_headers={"Link": pages})]
    with pytest.raises(ContractBrokenError, match="the list has no end"):
        await through.tags(tag.repository)


@pytest.mark.parametrize("body", ["", "[]", '{"tags": "a"}', '{"tags": [1]}', "{}"])
async def test_a_list_of_tags_that_is_none_is_not_taken_for_one(
    through: Registry, proxy: FaultProxy, tag: Reference, body: str
) -> None:
    proxy.rules = [Rule(path="tags/list", status=200, body=body)]
    expected = () if body == "{}" else None

    if expected is None:
        with pytest.raises(ContractBrokenError, match="the answer is no list of tags"):
            await through.tags(tag.repository)
    else:
        assert await through.tags(tag.repository) == expected


@pytest.mark.parametrize("seed", range(5))
async def test_in_a_storm_an_image_arrives_whole_or_not_at_all(tag: Reference, registry: str, seed: int) -> None:
    images = [image(os.urandom(64), platform=name) for name in ("linux/amd64", "linux/arm64/v8", "linux/s390x")]
    async with FaultProxy(registry, seed=seed) as proxy, client() as through, client() as direct:
        proxy.rules = [
            Rule(reset=True, chance=0.2),
            Rule(reset_after=True, chance=0.1),
            Rule(status=503, chance=0.1),
            Rule(method="PUT", cut_request=20, chance=0.1),
            Rule(method="GET", truncate=20, chance=0.1),
        ]
        there = Repository(registry, tag.path).tagged("1.0")

        try:
            await push_index(through, Repository(proxy.address, tag.path).tagged("1.0"), images)
        except UnavailableError:
            arrived = await direct.document(there)
        else:
            arrived = await direct.document(there)
            assert arrived == index(images)

        assert arrived is None or await holds(direct, there.repository, arrived.digest)


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


@pytest.mark.parametrize(
    ("registry", "problem"),
    [
        ("nosuch.invalid", "cannot reach nosuch.invalid:443: its name is not known"),
        ("127.0.0.1:1", "cannot reach 127.0.0.1:1: connection refused"),
    ],
)
async def test_a_registry_that_is_not_there_is_told_fast(registry: str, problem: str) -> None:
    began = asyncio.get_running_loop().time()

    async with Registry(credentials=ANYBODY) as patient:
        with pytest.raises(UnavailableError, match=problem):
            await patient.document(Reference(registry, "a/b", "1"))

    assert asyncio.get_running_loop().time() - began < 2
