"""Manifests that get tags of their own."""

from orchestrator.model.references import Repository
from orchestrator.tools.keepers import keep, keeper
from tests.fakes import FakeRegistry
from tests.samples import image_entry, index_document

DOCUMENT = index_document(image_entry("linux/amd64"))
PLACE = Repository("registry.example", "library/tool").at(DOCUMENT.digest)


def test_a_keeper_is_named_after_the_beginning_of_the_digest() -> None:
    assert str(keeper(PLACE)) == f"registry.example/library/tool:k-{DOCUMENT.digest[7:47]}"


async def test_what_is_there_gets_its_keeper() -> None:
    registry = FakeRegistry({str(PLACE): DOCUMENT})

    await keep(PLACE, registry)

    assert registry.documents == {str(PLACE): DOCUMENT, str(keeper(PLACE)): DOCUMENT}


async def test_what_is_not_there_gets_none() -> None:
    registry = FakeRegistry()

    await keep(PLACE, registry)

    assert registry.written == []
