"""Tests of reading images for reports."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator.errors import ContractBrokenError, UnavailableError
from orchestrator.model.oci import DOCKER_LAYER, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, Descriptor, Document, digest_of
from orchestrator.model.references import Reference, Repository
from orchestrator.model.report import Report
from orchestrator.tools.report_images import NotAnImageError, ReportImages
from tests.stored_images import InMemory, Store

HERE = Reference.parse("registry.example/library/tool:1.0")
MIRROR = Reference.parse("mirror.example/hub/tool:1.0")
CONFIG = {"os": "linux", "architecture": "amd64"}
LAYER = {"mediaType": DOCKER_LAYER, "digest": digest_of(b"layer"), "size": 5}


class Deaf(InMemory):
    """A registry that never answers."""

    async def document(self, reference: Reference) -> Document | None:
        raise UnavailableError(f"{reference}: no answer")


async def test_each_thing_is_asked_for_once_however_many_tags_share_it() -> None:
    store = Store()
    _, _ = store.recorded("python-3.8-buster")
    index = store.documents["3.8-buster"]
    store.documents.update({f"tag{number}": index for number in range(50)})
    registry = InMemory(store)
    reader = ReportImages(registry)

    names = [Reference.parse(f"python:tag{number}") for number in range(50)]
    await asyncio.gather(*(reader.report(name, [name]) for name in names))

    layers = {layer.digest for child in index.children for layer in store.documents[child.digest].layers}
    dates = Counter({f"date {digest}": 1 for digest in layers})
    blobs = Counter({f"blob {digest}": 1 for digest in store.blobs})
    tags = Counter({f"document {name}": 1 for name in names})
    # What is asked for by digest, the client itself asks for once (its own tests).
    assert Counter({key: n for key, n in registry.asked.items() if "@sha256:" not in key}) == dates + blobs + tags


async def test_the_first_place_that_has_it_counts_and_the_name_stays() -> None:
    store = Store()
    manifest = store.image(CONFIG, [LAYER], "1.0")
    registry = InMemory(store)

    found = await ReportImages(registry).report(HERE, [MIRROR, HERE])

    assert (found.name, found.repository, found.top) == (HERE, MIRROR.repository, manifest.descriptor())
    assert registry.asked[f"document {HERE}"] == 0


async def test_a_tag_that_is_nowhere_is_a_report_too() -> None:
    assert await ReportImages(InMemory(Store())).report(HERE, [MIRROR, HERE]) == Report(HERE, HERE.repository, None)


async def test_a_place_that_cannot_answer_ends_the_search() -> None:
    with pytest.raises(UnavailableError, match=r"mirror\.example/hub/tool:1\.0: no answer"):
        await ReportImages(Deaf(Store())).report(HERE, [MIRROR, HERE])


CHART = {"artifactType": "application/vnd.chart", "config": {**LAYER, "mediaType": "application/vnd.empty"}}
SIGNATURE = {
    "config": {**LAYER, "mediaType": OCI_CONFIG},
    "layers": [{**LAYER, "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json"}],
}


@pytest.mark.parametrize(
    ("parts", "is_index", "kinds"),
    [
        ([{**CHART, "layers": []}], False, "application/vnd.chart"),
        # cosign gives its signatures the configuration of an image.
        ([SIGNATURE], False, "application/vnd.dev.cosign.simplesigning.v1+json"),
        (
            [{**CHART, "layers": []}, SIGNATURE],
            True,
            "application/vnd.chart, application/vnd.dev.cosign.simplesigning.v1+json",
        ),
        ([], True, "an index of nothing"),
    ],
)
async def test_what_is_no_image_is_refused(parts: Sequence[dict[str, Any]], is_index: bool, kinds: str) -> None:
    store = Store()
    documents = [store.document(OCI_MANIFEST, part, "1.0") for part in parts]
    if is_index:
        store.document(OCI_INDEX, {"manifests": [each.descriptor().entry for each in documents]}, "1.0")

    with pytest.raises(NotAnImageError) as caught:
        await ReportImages(InMemory(store)).report(HERE, [HERE])

    assert str(caught.value) == f"{HERE}: there is no image in it, but {kinds}; name a tag of an image"


class Signed(InMemory):
    """A registry where everything has a signature of either kind."""

    async def referrers(self, repository: Repository, digest: str) -> tuple[Descriptor, ...]:
        return (Descriptor(OCI_MANIFEST, digest_of(digest.encode()), 7, artifact_type="example/signature\x1b"),)

    async def kept_by_cosign(self, repository: Repository, digest: str) -> tuple[Document, ...]:
        return (Document(OCI_MANIFEST, json.dumps({"schemaVersion": 2, **SIGNATURE}).encode()),)


@pytest.mark.parametrize("asked", [True, False])
async def test_what_refers_to_an_index_and_to_its_images_is_listed_where_it_is_asked_for(asked: bool) -> None:
    store = Store()
    manifest = store.image(CONFIG, [LAYER])
    index = store.document(OCI_INDEX, {"manifests": [manifest.descriptor().entry]}, "1.0")

    found = await ReportImages(Signed(store), with_referrers=asked).report(HERE, [HERE])

    kinds = ["example/signature\ufffd", "application/vnd.dev.cosign.simplesigning.v1+json"]
    several = [found.referrers, found.images[0].referrers]
    assert [each and [one.artifact_type for one in each] for each in several] == (
        [kinds, kinds] if asked else [None] * 2
    )
    assert not asked or [each[0].digest for each in several if each] == [
        digest_of(document.digest.encode()) for document in (index, manifest)
    ]


async def test_an_index_that_names_what_is_not_there_is_broken() -> None:
    store = Store()
    entry = {"mediaType": OCI_MANIFEST, "digest": digest_of(b"gone"), "size": 4}
    store.document(OCI_INDEX, {"manifests": [entry]}, "1.0")

    with pytest.raises(ContractBrokenError, match=f"{entry['digest']} is not there, though an index names it"):
        await ReportImages(InMemory(store)).report(HERE, [HERE])


async def test_a_malformed_configuration_is_named() -> None:
    store = Store()
    config = store.blob(b'{"history": 3}', OCI_CONFIG)
    store.document(OCI_MANIFEST, {"config": config, "layers": []}, "1.0")

    with pytest.raises(ContractBrokenError, match=f"its configuration {config['digest']} is malformed: /history"):
        await ReportImages(InMemory(store)).report(HERE, [HERE])
