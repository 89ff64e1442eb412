"""What goes wrong while registries are read: what is not known is never taken to be absent, nor damage for content."""

import asyncio
import os
import random
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import aiohttp
import pytest

from orchestrator.errors import ContractBrokenError, ExitCode, NotAuthorisedError, OrchestratorError, UnavailableError
from orchestrator.model.oci import MAX_DOCUMENT_BYTES, OCI_MANIFEST, Document, digest_of
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.kept import Kept
from tests.fault_rules import Bearer, Rule
from tests.faultproxy import FaultProxy
from tests.faults.rows import case
from tests.faults.stage import CANARY, Stage
from tests.pushing import ANYBODY, IMPATIENT, client, image, push, push_index
from tests.real import orchestrator

pytestmark = pytest.mark.integration

GET = Rule(method="GET", path="/manifests/")
GET_BLOB = Rule(method="GET", path="/blobs/sha256")
TAGS = Rule(path="tags/list")
DEEP_JSON = "[" * 100_000


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        case("R2", replace(GET, status=404, body="<html>who?</html>"), UnavailableError, note="a proxy's 404"),
        case("R2", replace(GET, status=404, body='{"errors":[{"code":"UNKNOWN"}]}'), UnavailableError, note="404"),
        case("R2", replace(GET, status=500), UnavailableError, note="500"),
        case("R2", replace(GET, status=401), NotAuthorisedError, note="401"),
        case("R2", replace(GET, status=403), NotAuthorisedError, note="403"),
        case("R2", replace(GET, status=302, headers={"Location": "/elsewhere"}), ContractBrokenError, note="302"),
        case("R2", replace(GET, reset=True), UnavailableError, note="reset"),
        case("R5", replace(GET, corrupt=9), ContractBrokenError, note="for ever"),
        case("R19", replace(GET, status=200, body="x" * (MAX_DOCUMENT_BYTES + 1)), ContractBrokenError, note="long"),
        case(
            "R19",
            replace(GET, status=200, body=DEEP_JSON, headers={"Content-Type": OCI_MANIFEST}),
            ContractBrokenError,
            note="deep",
        ),
        case(
            "R19",
            replace(GET, status=200, body='{"schemaVersion": 1}', headers={"Content-Type": "text/html"}),
            ContractBrokenError,
            note="html",
        ),
    ],
)
async def test_what_is_not_known_is_not_absent(stage: Stage, rule: Rule, kind: type[OrchestratorError]) -> None:
    stage.proxy.rules = [rule]

    async with stage.client() as through:
        with pytest.raises(kind, match=f"reading {stage.tag}: "):
            await through.document(stage.tag)


@pytest.mark.parametrize(
    "rule",
    [case("R4", replace(GET, truncate=20, times=2)), case("R5", replace(GET, corrupt=9, times=2))],
)
async def test_a_damaged_answer_is_asked_for_again(stage: Stage, rule: Rule) -> None:
    stage.proxy.rules = [rule]

    async with stage.client() as through:
        assert await through.document(stage.tag) == stage.old


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        case("R4", replace(GET_BLOB, truncate=20, times=2), None),
        case("R5", replace(GET_BLOB, corrupt=9, times=2), None),
        case("R5", replace(GET_BLOB, corrupt=9), ContractBrokenError, note="for ever"),
        case("R19", replace(GET_BLOB, status=200, body="x" * 10_000), ContractBrokenError, note="blob"),
    ],
)
async def test_a_blob_is_proven_before_it_is_given(
    stage: Stage, rule: Rule, kind: type[OrchestratorError] | None
) -> None:
    content = os.urandom(100)
    async with stage.client() as through:
        await through.put_blob(stage.tag.repository, digest_of(content), 100, content)
        stage.proxy.rules = [rule]

        if kind is None:
            assert await through.blob(stage.tag.repository, digest_of(content), max_bytes=100) == content
        else:
            with pytest.raises(kind, match="reading blob"):
                await through.blob(stage.tag.repository, digest_of(content), max_bytes=100)


@pytest.mark.row("R4")
async def test_a_blob_is_taken_up_again_where_it_broke_off(stage: Stage) -> None:
    content = os.urandom(300_000)
    async with stage.client() as through:
        await through.put_blob(stage.tag.repository, digest_of(content), len(content), content)
        stage.proxy.rules = [replace(GET_BLOB, truncate=100_000, times=2)]

        read = b"".join([chunk async for chunk in through.stream_blob(stage.tag.repository, digest_of(content))])

    assert (read == content, [seen.status for seen in stage.proxy.requests("GET")]) == (True, [0, 0, 206])


@pytest.mark.row("R5")
async def test_a_streamed_blob_that_is_another_is_told_at_its_end(stage: Stage) -> None:
    content = os.urandom(100)
    async with stage.client() as through:
        await through.put_blob(stage.tag.repository, digest_of(content), 100, content)
        stage.proxy.rules = [replace(GET_BLOB, corrupt=0)]

        with pytest.raises(ContractBrokenError, match=r"got 100 bytes of sha256:"):
            [chunk async for chunk in through.stream_blob(stage.tag.repository, digest_of(content))]


@pytest.mark.row("R3")
async def test_a_tag_that_others_write_is_never_absent(registry: str) -> None:
    """distribution 2.8.3 truncates a tag before it writes it, and answers 500 to whoever looks in between."""
    tag = Repository(registry, f"faults/torn-{os.urandom(4).hex()}").tagged("1.0")
    images = [image(os.urandom(64)) for _ in range(2)]
    async with client() as first:
        for one in images:
            await push(first, tag, one)

    writing = asyncio.create_task(_moving(tag, [one.manifest.content for one in images]))
    read = await asyncio.gather(*(_read(tag, times=40) for _ in range(4)))
    writing.cancel()

    assert {found for reader in read for found in reader} <= {one.manifest for one in images}


async def _moving(tag: Reference, contents: list[bytes]) -> None:
    """Move a tag to and fro without looking, as no client of ours does."""
    url = f"http://{tag.registry}/v2/{tag.path}/manifests/{tag.tag}"
    async with aiohttp.ClientSession(headers={"Content-Type": OCI_MANIFEST}) as session:
        while True:
            for content in contents:
                async with session.put(url, data=content):
                    pass


async def _read(tag: Reference, *, times: int) -> list[Document | None]:
    async with client() as reader:
        return [await reader.document(tag) for _ in range(times)]


@pytest.mark.row("R6")
async def test_a_head_that_lies_is_settled_by_the_bytes(stage: Stage, tmp_path: Path) -> None:
    async with Registry(credentials=ANYBODY, policy=IMPATIENT, kept=Kept(tmp_path)) as first:
        await first.document(stage.tag)
    stage.proxy.rules = [Rule(method="HEAD", set_headers={"Docker-Content-Digest": digest_of(b"lie")})]

    async with Registry(credentials=ANYBODY, policy=IMPATIENT, kept=Kept(tmp_path)) as second:
        assert await second.document(stage.tag) == stage.old


@pytest.mark.row("R11")
async def test_rights_that_we_do_not_need_are_not_asked_for(registry: str) -> None:
    async with FaultProxy(registry, bearer=Bearer()) as proxy, client() as through:
        more = "repository:faults/more:pull,push,delete repository:secret/other:pull registry:catalog:*"
        realm = f"http://{proxy.address}/__token"
        challenge = f'Bearer realm="{realm}",service="x",error="insufficient_scope",scope="{more}"'
        proxy.rules = [Rule(method="POST", status=401, headers={"WWW-Authenticate": challenge}, times=2)]

        await push(through, Repository(proxy.address, "faults/more").tagged("1.0"), image(os.urandom(64)))

    asked = {scope for seen in proxy.requests("GET", "/__token") for scope in parse_qs(seen.query)["scope"]}
    assert asked == {"repository:faults/more:pull", "repository:faults/more:pull,push"}


@pytest.mark.parametrize("issued", ["2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z"])
@pytest.mark.row("R12")
async def test_no_decision_hangs_on_what_a_clock_says(registry: str, issued: str) -> None:
    async with FaultProxy(registry, bearer=Bearer(issued_at=issued)) as proxy, client() as through:
        reference = Repository(proxy.address, "faults/clock").tagged("1.0")

        await push(through, reference, image(os.urandom(64)))

        assert len(proxy.requests("GET", "/__token")) == 2  # one to pull, one to push


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        case("R13", "nosuch.invalid", "cannot reach nosuch.invalid:443: its name is not known", note="no name"),
        case("R13", "127.0.0.1:1", "cannot reach 127.0.0.1:1: connection refused", note="closed port"),
        case("R13", "[::1]:1", r"cannot reach \[::1\]:1: ", note="an address of the newer kind"),
    ],
)
async def test_a_registry_that_is_not_there_is_told_fast(where: str, problem: str) -> None:
    began = asyncio.get_running_loop().time()

    async with Registry(credentials=ANYBODY) as patient:
        with pytest.raises(UnavailableError, match=problem):
            await patient.document(Reference(where, "a/b", "1"))

    assert asyncio.get_running_loop().time() - began < 2


@pytest.mark.row("R14")
async def test_an_answer_that_only_trickles_does_not_hold_us(stage: Stage) -> None:
    content = os.urandom(100)
    trickling = Rule(method="GET", drip=(1, 0.05), times=2)

    async with stage.client(answer_seconds=0.2) as through:
        await through.put_blob(stage.tag.repository, digest_of(content), 100, content)
        stage.proxy.rules = [trickling]
        assert await through.document(stage.tag) == stage.old
        stage.proxy.rules = [trickling]
        assert await through.blob(stage.tag.repository, digest_of(content), max_bytes=100) == content

    assert [len(stage.proxy.requests("GET", path)) for path in ("/manifests/1.0", "/blobs/sha256")] == [3, 3]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.row("R15")
async def test_in_a_storm_an_image_arrives_whole_or_not_at_all(stage: Stage, seed: int) -> None:
    stage.proxy.random = random.Random(seed)

    error = await stage.run(
        [
            Rule(reset=True, chance=0.2),
            Rule(reset_after=True, chance=0.1),
            Rule(status=503, chance=0.1),
            Rule(method="PUT", cut_request=20, chance=0.1),
            Rule(method="GET", truncate=20, chance=0.1),
        ]
    )

    assert error is None or isinstance(error, UnavailableError)


@pytest.mark.row("R16")
async def test_tags_come_in_order_whatever_the_registry_does(stage: Stage) -> None:
    async with stage.client() as through:
        for name in ("b", "a", "c"):
            await push_index(through, stage.tag.repository.tagged(name), stage.images)
        pages = f'</v2/{stage.path}/tags/list?last=c>; rel="next"'
        stage.proxy.rules = [replace(TAGS, set_headers={"Link": pages}, times=1)]

        assert await through.tags(stage.tag.repository) == ("1.0", "a", "b", "c")

        stage.proxy.rules = [replace(TAGS, set_headers={"Link": pages})]
        with pytest.raises(ContractBrokenError, match="the list has no end"):
            await through.tags(stage.tag.repository)


@pytest.mark.parametrize("body", ["", "[]", '{"tags": "a"}', '{"tags": [1]}', DEEP_JSON])
@pytest.mark.row("R16")
async def test_a_list_of_tags_that_is_none_is_not_taken_for_one(stage: Stage, body: str) -> None:
    stage.proxy.rules = [replace(TAGS, status=200, body=body)]

    async with stage.client() as through:
        with pytest.raises(ContractBrokenError, match="the answer is no list of tags"):
            await through.tags(stage.tag.repository)


@pytest.mark.parametrize("text", ["{", '{"auths": 7}', f'{{"auths": {{"x": {{"auth": "{CANARY}"}}}}}}'])
@pytest.mark.row("R17")
async def test_a_docker_configuration_that_cannot_be_read_ends_the_run(
    registry: str, tmp_path: Path, text: str
) -> None:
    (tmp_path / "config.json").write_text(text)
    environment = {"DOCKER_CONFIG": str(tmp_path)}

    async with FaultProxy(registry, bearer=Bearer()) as proxy:
        words = ("verify", f"{proxy.address}/a/b:1")
        ended = await asyncio.to_thread(
            orchestrator, *words, state=tmp_path / "state", environment=environment, check=False
        )

    said = ended.stderr.splitlines()[-1]
    assert (ended.returncode, said.partition("#")[0]) == (ExitCode.INPUT, f"error: {tmp_path}/config.json")
    assert (CANARY in ended.stderr, "Traceback" in ended.stderr) == (False, False)
