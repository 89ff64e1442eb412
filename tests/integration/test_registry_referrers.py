"""Tests that what speaks of an image is found, on a registry without the referrers API and on one that has it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from orchestrator.errors import ContractBrokenError, InputError
from orchestrator.model.oci import OCI_INDEX, Descriptor, Document, digest_of
from orchestrator.model.references import Repository
from orchestrator.tools.registry import Registry
from tests.fault_rules import Rule
from tests.faultproxy import FaultProxy
from tests.pushing import Image, client, image, push, push_index

pytestmark = pytest.mark.integration

SIGNATURE = "application/vnd.example.signature"


@pytest.fixture
def some() -> Image:
    return image(os.urandom(64))


@pytest.fixture
def repository(registry: str) -> Repository:
    return Repository(registry, f"test/referrers-{os.urandom(4).hex()}")


@pytest_asyncio.fixture
async def through(registry: str) -> AsyncIterator[Registry]:
    async with client() as through:
        yield through


def signature(subject: Document, content: bytes) -> Image:
    """Something that speaks of an image, with its blobs."""
    said = {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size}
    return image(content, subject=said, artifactType=SIGNATURE, annotations={"by": "test"})


def listed(manifest: Document) -> Descriptor:
    """How a list names it."""
    return replace(manifest.descriptor(), artifact_type=SIGNATURE, annotations=(("by", "test"),))


async def attached(registry: Registry, repository: Repository, made: Image) -> None:
    for blob in made.blobs:
        await registry.put_blob(repository, digest_of(blob), len(blob), blob)
    await registry.attach(repository, made.manifest)


async def test_where_there_is_no_such_api_a_tag_holds_the_list(
    through: Registry, repository: Repository, some: Image
) -> None:
    await push(through, repository.tagged("1.0"), some)
    first, second = (signature(some.manifest, content) for content in (b"first", b"second"))

    before = await through.referrers(repository, some.manifest.digest)
    for each in (first, second, first):
        await attached(through, repository, each)
    async with client() as another:
        after = await another.referrers(repository, some.manifest.digest)

    assert (before, after) == ((), (listed(first.manifest), listed(second.manifest)))
    assert await through.tags(repository) == ("1.0", some.manifest.digest.replace(":", "-"))


async def test_jobs_that_attach_at_once_lose_nothing_where_the_registry_heeds_conditions(
    registry: str, repository: Repository, some: Image
) -> None:
    async with FaultProxy(registry) as proxy, client() as first:
        proxy.conditional_writes = True
        there = Repository(proxy.address, repository.path)
        await push(first, there.tagged("1.0"), some)

        async def job(content: bytes) -> None:
            async with client() as own:
                await attached(own, there, signature(some.manifest, content))

        await asyncio.gather(*(job(f"job {number}".encode()) for number in range(4)))

        async with client() as reader:
            assert len(await reader.referrers(there, some.manifest.digest)) == 4


async def test_where_the_registry_keeps_the_list_it_is_asked_page_by_page(
    through: Registry, registry: str, repository: Repository, some: Image
) -> None:
    first, second = (signature(some.manifest, content).manifest for content in (b"first", b"second"))
    async with FaultProxy(registry) as proxy:
        there = Repository(proxy.address, repository.path)
        more = f'</v2/{there.path}/referrers/{some.manifest.digest}?next=2>; rel="next"'
        proxy.rules = [
            Rule(path="/referrers/", query="next=2", status=200, body=_index(second, first)),
            Rule(path="/referrers/", status=200, body=_index(first), headers={"Link": more}),
        ]

        found = await through.referrers(there, some.manifest.digest)

        assert found == (listed(first), listed(second))


@pytest.mark.parametrize("body", ["", "[]", "{}"])
async def test_a_list_that_is_none_is_not_taken_for_one(
    through: Registry, registry: str, repository: Repository, body: str
) -> None:
    async with FaultProxy(registry) as proxy:
        proxy.rules = [Rule(path="/referrers/", status=200, body=body)]

        with pytest.raises(ContractBrokenError, match=r"listing what refers to .*: not an index"):
            await through.referrers(Repository(proxy.address, repository.path), digest_of(b""))


async def test_a_registry_that_leads_to_a_page_for_people_has_no_such_api(
    through: Registry, registry: str, repository: Repository, some: Image
) -> None:
    await push(through, repository.tagged("1.0"), some)
    one = signature(some.manifest, b"one")
    await attached(through, repository, one)
    async with FaultProxy(registry) as proxy:
        proxy.rules = [Rule(path="/referrers/", status=303, headers={"Location": "https://people.example/page"})]

        found = await through.referrers(Repository(proxy.address, repository.path), some.manifest.digest)

    assert found == (listed(one.manifest),)


async def test_a_registry_that_takes_the_tag_of_the_list_for_the_digest_lists_nothing(
    through: Registry, repository: Repository, some: Image
) -> None:
    subject = await push_index(through, repository.tagged("1.0"), [some])
    await through.put_document(repository.tagged(subject.digest.replace(":", "-")), subject)

    assert await through.referrers(repository, subject.digest) == ()


async def test_what_cosign_keeps_under_tags_is_found(through: Registry, repository: Repository, some: Image) -> None:
    await push(through, repository.tagged("1.0"), some)
    kept = {suffix: image(suffix.encode()) for suffix in ("att", "sig")}
    for suffix, one in kept.items():
        await push(through, repository.tagged(f"{some.manifest.digest.replace(':', '-')}.{suffix}"), one)

    found = await through.kept_by_cosign(repository, some.manifest.digest)

    assert {each.digest for each in found} == {one.manifest.digest for one in kept.values()}


async def test_what_names_no_subject_is_not_attached(through: Registry, repository: Repository, some: Image) -> None:
    with pytest.raises(InputError, match="it names no subject"):
        await through.attach(repository, some.manifest)


def _index(*manifests: Document) -> str:
    entries = [listed(manifest).entry for manifest in manifests]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
