"""Tests of reading images for reports."""

import asyncio
from collections import Counter

import pytest

from orchestrator.errors import ContractBrokenError, UnavailableError
from orchestrator.model.oci import DOCKER_LAYER, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, Document, digest_of
from orchestrator.model.references import Reference
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


@pytest.mark.parametrize(
    ("index", "problem"),
    [
        (False, "registry.example/library/tool:1.0: there is no image in it, but application/vnd.chart;"),
        (True, f"there is no image in it, but {OCI_INDEX};"),
    ],
)
async def test_what_is_no_image_is_refused(index: bool, problem: str) -> None:
    store = Store()
    config = store.blob(b"{}", "application/vnd.empty")
    body = {"artifactType": "application/vnd.chart", "config": config, "layers": []}
    chart = store.document(OCI_MANIFEST, body, "1.0")
    if index:
        entry = {"mediaType": OCI_MANIFEST, "digest": chart.digest, "size": chart.size}
        store.document(OCI_INDEX, {"manifests": [entry]}, "1.0")

    with pytest.raises(NotAnImageError, match=problem.replace("+", r"\+")):
        await ReportImages(InMemory(store)).report(HERE, [HERE])


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
