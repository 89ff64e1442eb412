"""What goes wrong while an index is published; the stage checks what must be true after each row."""

import asyncio
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest

from orchestrator.errors import (
    ContractBrokenError,
    InputError,
    NotAuthorisedError,
    OrchestratorError,
    TagMovedError,
    UnavailableError,
)
from orchestrator.model.oci import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, digest_of
from orchestrator.model.references import Repository
from orchestrator.tools.registry import Outcome
from tests.fault_rules import Rule
from tests.faultproxy import FaultProxy
from tests.faults.rows import case
from tests.faults.stage import Stage
from tests.pushing import client, index, push_index

pytestmark = pytest.mark.integration

PUT_TAG = Rule(method="PUT", path="/manifests/(?!sha256)")
GET_TAG = Rule(method="GET", path="/manifests/(?!sha256)")
PUT_BLOB = Rule(method="PUT", path="/blobs/")
MOUNT = Rule(method="POST", query="mount=")
LOST_UPLOAD = '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}'
WRONG_DIGEST = '{"errors":[{"code":"DIGEST_INVALID"}]}'
THROTTLED = replace(PUT_TAG, status=429)


@pytest.mark.parametrize(
    ("rule", "puts"),
    [
        case("W1", replace(THROTTLED, times=3), 4),
        *(case("W5", replace(PUT_TAG, status=status, times=2), 3, note=str(status)) for status in (408, 425, 500, 502)),
        *(case("W5", replace(PUT_TAG, status=status, times=2), 3, note=str(status)) for status in (503, 504)),
        case("W8", replace(PUT_TAG, reset=True, times=1), 2),
        case("W9", replace(PUT_TAG, reset_after=True), 1),
        case("W22", replace(PUT_TAG, set_headers={"Docker-Content-Digest": digest_of(b"wrong")}), 1),
        case("W24", replace(PUT_TAG, absent=3), 1),
        case("W25", replace(PUT_TAG, stale=3), 1),
    ],
)
async def test_what_passes_is_lived_through(stage: Stage, rule: Rule, puts: int) -> None:
    assert await stage.run([rule]) is None

    assert len(stage.proxy.requests("PUT", "/manifests/1.0")) == puts


@pytest.mark.parametrize(
    ("rule", "kind", "text", "puts"),
    [
        case("W3", replace(THROTTLED, headers={"Retry-After": "99999"}), UnavailableError, "asks to wait 99999 s", 1),
        case("W4", THROTTLED, UnavailableError, "tried 8 times without success, last: 429", 8),
        case("W6", replace(PUT_TAG, status=503), UnavailableError, "tried 8 times without success, last: 503", 8),
        case(
            "W6", Rule(status=503), UnavailableError, "tried 8 times without success, last: 503", 0, note="everywhere"
        ),
        case("W16", replace(PUT_TAG, status=403), NotAuthorisedError, "check the rights of the account", 1),
        case("W17", replace(PUT_TAG, status=405, body="Method not allowed"), NotAuthorisedError, "is read-only", 1),
        case("W18", replace(PUT_TAG, status=409), NotAuthorisedError, "the tag may be protected", 1, note="409"),
        # A condition of ours may be to blame, so it is left out once.
        case("W18", replace(PUT_TAG, status=412), NotAuthorisedError, "the tag may be protected", 2, note="412"),
        case("W19", replace(PUT_TAG, status=413, body="<html>"), InputError, "does not accept it, 413", 1),
        case(
            "W20",
            replace(PUT_TAG, status=307, headers={"Location": "/v2/elsewhere"}),
            ContractBrokenError,
            "only reading a blob may be redirected",
            1,
        ),
        case("W23", replace(PUT_TAG, status=201, body=""), ContractBrokenError, "but does not show it", 4),
        case("W24", replace(PUT_TAG, absent=1000), ContractBrokenError, "but does not show it", 4, note="for ever"),
        case("W28", replace(GET_TAG, status=500, skip=1), ContractBrokenError, "accepted it but cannot read it", 1),
    ],
)
async def test_what_does_not_pass_is_told_and_no_tag_is_harmed(
    stage: Stage, rule: Rule, kind: type[OrchestratorError], text: str, puts: int
) -> None:
    error = await stage.run([rule])

    assert isinstance(error, kind)
    assert text in str(error)
    assert len(stage.proxy.requests("PUT", "/manifests/1.0")) == puts


@pytest.mark.row("W1")
async def test_after_too_many_requests_every_next_one_comes_later(stage: Stage) -> None:
    await stage.run([replace(THROTTLED, times=3)])

    times = [seen.at for seen in stage.proxy.requests("PUT", "/manifests/1.0")]
    assert min(later - earlier for earlier, later in pairwise(times)) >= stage.policy.throttled_seconds * 0.98


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        case("W2", {"Retry-After": "1"}, 1.0, 2.0),
        # Our clock says another year, so only the difference between the two dates can be meant.
        case(
            "W3",
            {"Retry-After": "Tue, 06 Jan 2015 10:00:01 GMT", "Date": "Tue, 06 Jan 2015 10:00:00 GMT"},
            1.0,
            2.0,
            note="date",
        ),
        case("W3", {"Retry-After": "Tue, 06 Jan 2015 10:00:01 GMT"}, 0.0, 0.5, note="past"),
        case("W3", {"Retry-After": "soon"}, 0.0, 0.5, note="garbage"),
        case("W3", {"Retry-After": "-5"}, 0.0, 0.5, note="negative"),
    ],
)
async def test_a_wait_that_a_registry_asks_for_is_kept(
    stage: Stage, headers: dict[str, str], least: float, most: float
) -> None:
    assert await stage.run([replace(THROTTLED, headers=headers, times=1)]) is None

    first, second = stage.proxy.requests("PUT", "/manifests/1.0")
    assert least <= second.at - first.at < most


@pytest.mark.parametrize(
    ("rule", "puts"),
    [
        case("W10", replace(PUT_TAG, hang_after=True), 1),
        case("W11", replace(PUT_TAG, hang=True, times=2), 3),
    ],
)
async def test_a_registry_that_falls_silent_does_not_hold_us(stage: Stage, rule: Rule, puts: int) -> None:
    stage.policy = replace(stage.policy, answer_seconds=0.3)

    assert await stage.run([rule]) is None

    assert len(stage.proxy.requests("PUT", "/manifests/1.0")) == puts


@pytest.mark.row("W11")
async def test_a_registry_that_stays_silent_is_given_up(stage: Stage) -> None:
    stage.policy = replace(stage.policy, answer_seconds=0.1, attempts=3)

    error = await stage.run([Rule(hang=True)])

    assert isinstance(error, UnavailableError)
    assert "in time" in str(error)


@pytest.mark.parametrize(
    ("rule", "puts"),
    [
        case("W12", replace(PUT_BLOB, cut_request=30), 2),
        case("W12", replace(PUT_BLOB, reset=True), 2, note="reset"),
        case("W13", replace(PUT_BLOB, status=404, body=LOST_UPLOAD), 2, note="404"),
        case("W13", replace(PUT_BLOB, status=416), 2, note="416"),
        case("W14", replace(PUT_BLOB, reset_after=True), 1),
        case("W15", replace(PUT_BLOB, status=400, body=WRONG_DIGEST), 2),
    ],
)
async def test_an_upload_that_breaks_begins_anew_unless_it_had_arrived(stage: Stage, rule: Rule, puts: int) -> None:
    assert await stage.run([replace(rule, times=1)]) is None

    seen = stage.proxy.requests("PUT", "/blobs/")
    blobs = len(stage.images[-1].blobs)
    # A session that broke is never taken up again.
    assert (len(seen), len({put.query.partition("&digest")[0] for put in seen})) == (blobs + puts - 1,) * 2


@pytest.mark.parametrize(
    ("rule", "kind", "text"),
    [
        case("W12", replace(PUT_BLOB, cut_request=1), UnavailableError, "tried 8 times"),
        case("W13", replace(PUT_BLOB, status=404, body=LOST_UPLOAD), UnavailableError, "tried 8 times"),
        case(
            "W15", replace(PUT_BLOB, status=400, body=WRONG_DIGEST), ContractBrokenError, "twice found another digest"
        ),
    ],
)
async def test_an_upload_that_breaks_for_ever_is_given_up(
    stage: Stage, rule: Rule, kind: type[OrchestratorError], text: str
) -> None:
    error = await stage.run([rule])

    assert isinstance(error, kind)
    assert text in str(error)
    assert stage.proxy.requests("PUT", "/manifests/") == []


@pytest.mark.row("W15")
async def test_a_local_blob_that_changed_is_found_out(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(b"1234")

    async with stage.client() as through:
        with pytest.raises(InputError, match=f"the local content is {digest_of(b'1234')}; it was changed"):
            await through.put_blob(stage.tag.repository, digest_of(b"abcd"), 4, tmp_path / "blob")


@pytest.mark.row("W18")
async def test_a_protected_tag_that_is_what_we_want_is_done(stage: Stage) -> None:
    async with client() as somebody:
        await push_index(somebody, stage.there, stage.images)
    not_seen_yet = replace(GET_TAG, status=404, body='{"errors":[{"code":"MANIFEST_UNKNOWN"}]}', times=1)

    assert await stage.run([not_seen_yet, replace(PUT_TAG, status=412)]) is None


@pytest.mark.row("W20")
async def test_a_redirected_write_goes_nowhere(stage: Stage) -> None:
    async with FaultProxy(stage.registry) as elsewhere:
        place = f"http://{elsewhere.address}/v2/{stage.path}/manifests/1.0"

        error = await stage.run([replace(PUT_TAG, status=308, headers={"Location": place})])

        assert (type(error), elsewhere.seen) == (ContractBrokenError, [])


@pytest.mark.row("W21")
async def test_an_upload_may_go_on_elsewhere_but_without_our_name(stage: Stage) -> None:
    async with FaultProxy(stage.registry) as elsewhere:
        begun = f"http://{elsewhere.address}/v2/{stage.path}/blobs/uploads/"
        async with aiohttp.ClientSession() as session, session.post(begun) as response:
            place = response.headers["Location"]

        assert await stage.run([Rule(method="POST", set_headers={"Location": place}, times=1)]) is None

        assert [seen.authorization for seen in elsewhere.requests("PUT")] == [""]


@pytest.mark.parametrize("location", [None, "ftp://127.0.0.1/x", "http://[::1", "http://me@127.0.0.1/x"])
@pytest.mark.row("W21")
async def test_an_upload_that_cannot_go_on_is_out_of_contract(stage: Stage, location: str | None) -> None:
    error = await stage.run([Rule(method="POST", set_headers={"Location": location})])

    assert isinstance(error, ContractBrokenError)
    assert "uploading blob" in str(error)


@pytest.mark.parametrize(
    ("rule", "posts"),
    [
        case("W26", replace(MOUNT, status=401), 2, note="401"),
        case("W26", replace(MOUNT, status=405), 2, note="405"),
        # Where the registry began an upload instead of the mount, that one is used.
        case("W26", Rule(times=0), 1, note="202"),
    ],
)
async def test_a_blob_that_cannot_be_mounted_is_uploaded(stage: Stage, rule: Rule, posts: int) -> None:
    content = os.urandom(100)
    stage.proxy.rules = [rule]
    absent = Repository(stage.proxy.address, "no/such")

    async with stage.client() as through:
        outcome = await through.put_blob(stage.tag.repository, digest_of(content), 100, content, mount_from=[absent])

    assert (outcome, len(stage.proxy.requests("POST"))) == (Outcome.UPLOADED, posts)


@pytest.mark.row("W30")
async def test_a_tag_that_cannot_be_read_is_healed_by_writing_it(stage: Stage) -> None:
    assert await stage.run([replace(GET_TAG, status=500, times=8)]) is None


@pytest.mark.row("R3")
async def test_tags_of_one_document_are_all_written_before_the_first_is_read_back(stage: Stage) -> None:
    tags = [stage.tag.repository.tagged(f"1.{number}") for number in range(1, 17)]

    async with stage.client() as ours:
        await push_index(ours, stage.tag.repository.tagged("ours"), stage.images)
        stage.proxy.seen.clear()
        await asyncio.gather(*(ours.put_document(tag, stage.new) for tag in tags))

    methods = [seen.method for seen in stage.proxy.requests("GET|HEAD|PUT", r"/manifests/1\.")]
    assert (methods.count("PUT"), methods[-len(tags) :]) == (len(tags), ["GET"] * len(tags))
    await stage.run()


@pytest.mark.row("W34")
async def test_each_read_says_that_it_takes_all_four_kinds_of_document(stage: Stage) -> None:
    await stage.run()

    reads = stage.proxy.requests("GET|HEAD", "/manifests/")
    kinds = {OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST}
    assert [set(read.accept.split(", ")) for read in reads] == [kinds] * len(reads)


@pytest.mark.row("W35")
async def test_a_tag_that_moved_since_it_was_read_is_left_to_whoever_moved_it(stage: Stage) -> None:
    theirs = [stage.images[0], stage.images[2]]

    async with stage.client() as ours, client() as others:
        await push_index(ours, stage.tag.repository.tagged("ours"), stage.images)
        await push_index(others, stage.there, theirs)
        with pytest.raises(TagMovedError, match="another job was faster"):
            await ours.put_document(stage.tag, stage.new, instead_of=stage.old.digest)
        found = await others.document(stage.there)

    assert found == index(theirs)
    await stage.run()


@pytest.mark.row("W35")
async def test_a_tag_that_moves_between_our_look_and_our_write_is_saved_by_the_registry(stage: Stage) -> None:
    theirs = [stage.images[0], stage.images[2]]
    stage.proxy.conditional_writes = True

    async with stage.client() as ours, client() as others:
        await push_index(ours, stage.tag.repository.tagged("ours"), stage.images)
        stage.proxy.rules = [replace(PUT_TAG, delay=1.5)]
        writing = asyncio.create_task(ours.put_document(stage.tag, stage.new))
        await asyncio.sleep(0.1)
        await push_index(others, stage.there, theirs)
        with pytest.raises(TagMovedError, match="it now names"):
            await writing
        found = await others.document(stage.there)

    assert found == index(theirs)
    await stage.run()
