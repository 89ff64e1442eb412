"""Tests of what the words for images mean."""

import datetime as dt
from pathlib import Path

import pytest

from orchestrator.commands.project import Project, Registries
from orchestrator.commands.report_names import Names, Wanted
from orchestrator.errors import InputError, NothingSelectedError
from orchestrator.model.bases import Mirror, Mirrors
from orchestrator.model.oci import DOCKER_LAYER, digest_of
from orchestrator.model.publishing.journal import EMPTY, Entry, Journal
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.keepers import keeper
from tests.commands.image import CONFIG, image, invocation
from tests.stored_images import InMemory, Store

MIRRORED: Mirrors = {"docker.io": (Mirror("mirror.example", "hub"),)}
SHARED = Repository("registry.example", "library/tool")
OLD = digest_of(b"old")


def names(store: Store, *, own: Registries | None = None) -> Names:
    return Names(InMemory(store), MIRRORED, own)


def in_a_folder(store: Store, root: Path) -> Names:
    """With the image whose folder it is, called `example/tool` by people."""
    begun = invocation(image(root, config=f"{CONFIG}public_name: example/tool\n"))
    project = Project.without_templates(begun)
    return names(store, own=Registries(begun, project, InMemory(store), MIRRORED))


def tagged(*tags: str) -> Store:
    store = Store()
    store.image({}, [{"mediaType": DOCKER_LAYER, "digest": OLD, "size": 1}], *tags)
    return store


def journal(store: Store, day: int, tag: Reference) -> None:
    """Keep the journal of a run that moved a tag to the old image."""
    began = dt.datetime(2026, 1, day, 12, tzinfo=dt.UTC)
    run = Journal(f"202601{day:02}T120000Z-00000000", "publish", began, "me", "1", (Entry(tag, "", OLD, True),))
    store.documents[run.run] = run.artifact
    store.blobs.update({digest_of(content): content for content in (EMPTY, run.content)})


async def test_an_image_is_looked_for_at_its_mirrors_first() -> None:
    name = Reference.parse("tool:1.0")

    found = await names(Store()).image("tool:1.0")

    assert found == Wanted(name, (Reference("mirror.example", "hub/library/tool", "1.0"), name))


async def test_a_digest_is_no_date() -> None:
    name = Reference.parse(f"ghcr.io/example/tool@{OLD}")

    assert await names(Store()).image(str(name)) == Wanted(name, (name,))


async def test_every_tag_of_a_repository_is_wanted_where_it_was_found() -> None:
    place = Repository("mirror.example", "hub/library/tool")
    name = Reference.parse("tool")

    found = await names(tagged("1.0", "2.0")).repository("tool")

    assert found == tuple(Wanted(name.repository.tagged(tag), (place.tagged(tag),)) for tag in ("1.0", "2.0"))


async def test_tags_that_keep_images_and_what_is_beside_them_are_left_out(tmp_path: Path) -> None:
    beside = OLD.replace(":", "-")
    store = tagged("1.0", keeper(SHARED.at(OLD)).tag, beside, f"{beside}.sig", "k-1", "sha256-x")

    found = await in_a_folder(store, tmp_path).own_image()

    assert [each.name.tag for each in found] == ["1.0", "k-1", "sha256-x"]


async def test_a_repository_without_tags_selects_nothing() -> None:
    with pytest.raises(NothingSelectedError, match="--all: tool has no tags"):
        await names(Store()).repository("tool")


async def test_the_image_of_the_folder_is_called_by_its_public_name(tmp_path: Path) -> None:
    found = await in_a_folder(tagged("1.0"), tmp_path).own_image()

    assert found == (Wanted(Reference.parse("example/tool:1.0"), (SHARED.tagged("1.0"),)),)


async def test_an_image_that_is_not_published_selects_nothing(tmp_path: Path) -> None:
    with pytest.raises(NothingSelectedError, match=r"nothing is published in registry\.example/library/tool"):
        await in_a_folder(Store(), tmp_path).own_image()


@pytest.mark.parametrize("word", ["example/tool:1.0", "registry.example/library/tool:1.0"])
async def test_a_date_is_the_digest_that_the_tag_named_then(tmp_path: Path, word: str) -> None:
    store = Store()
    journal(store, 10, SHARED.tagged("1.0"))
    name = Reference.parse(word)

    found = await in_a_folder(store, tmp_path).image(f"{word}@2026-01-10")

    wanted = Reference(name.registry, name.path, "1.0", OLD)
    assert found == Wanted(wanted, (SHARED.at(OLD),))


async def test_a_date_before_all_that_is_known_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"example/tool:1\.0@2026-01-10: no run that is known says what it named then"):
        await in_a_folder(Store(), tmp_path).image("example/tool:1.0@2026-01-10")
