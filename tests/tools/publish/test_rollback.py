import pytest

from orchestrator.errors import ExitCode, UnavailableError
from orchestrator.model.oci import Document
from orchestrator.model.publishing.index import assemble
from orchestrator.model.publishing.journal import Entry
from orchestrator.model.publishing.moves import Rules
from orchestrator.model.publishing.rollback import Restored, Result
from orchestrator.tools.publish import journals
from orchestrator.tools.publish.rollback import TakingBack, roll_back
from tests.samples import journal
from tests.tools.publish.family import JOURNALS, PUBLIC, hold_image
from tests.tools.publish.memory import MemoryRegistry

BACK = journal("20260201T120000Z-00000000", verb="rollback")


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


def how(registry: MemoryRegistry, *, dry_run: bool = False) -> TakingBack:
    return TakingBack(registry, JOURNALS, PUBLIC, Rules(dry_run=dry_run))


def held(registry: MemoryRegistry, content: str) -> Document:
    document = assemble([hold_image(registry, PUBLIC, "amd64", content)])
    registry.hold(PUBLIC, document)
    return document


def entry(registry: MemoryRegistry, tag: str) -> Entry:
    """A tag that went from old to new and names new now."""
    old, new = held(registry, "old"), held(registry, "new")
    registry.hold(PUBLIC, new, tag)
    return Entry(PUBLIC.tagged(tag), old.digest, new.digest, is_done=True)


def results(several: tuple[Restored, ...]) -> dict[str, tuple[Result, ExitCode]]:
    return {each.entry.tag.tag: (each.result, each.code) for each in several}


async def test_tags_go_back_the_most_specific_first_and_that_is_noted_before(registry: MemoryRegistry) -> None:
    run = journal().with_entries([entry(registry, tag) for tag in ("latest", "2.0.1", "2.0")])
    note = str(JOURNALS.tagged(BACK.run))

    done = await roll_back(run, BACK, how(registry))

    assert results(done) == dict.fromkeys(("latest", "2.0.1", "2.0"), (Result.RESTORED, ExitCode.DONE))
    assert registry.written == [note, *(str(PUBLIC.tagged(tag)) for tag in ("2.0.1", "2.0", "latest")), note]
    assert {registry.named(each.tag) for each in run.entries} == {run.entries[0].before}


async def test_taking_back_is_a_run_that_can_be_taken_back(registry: MemoryRegistry) -> None:
    run = journal().with_entries([entry(registry, "2.0")])
    (moved,) = run.entries

    await roll_back(run, BACK, how(registry))

    again = await journals.of_run(BACK.run, JOURNALS, registry)
    assert again.entries == (Entry(moved.tag, moved.after, moved.before, is_done=True),)


async def test_a_dry_run_and_one_with_nothing_to_do_write_nothing(registry: MemoryRegistry) -> None:
    run = journal().with_entries([entry(registry, "2.0")])
    assert results(await roll_back(run, BACK, how(registry, dry_run=True))) == {
        "2.0": (Result.WOULD_RESTORE, ExitCode.DONE)
    }

    registry.hold(PUBLIC, held(registry, "old"), "2.0")
    assert results(await roll_back(run, BACK, how(registry))) == {"2.0": (Result.UNCHANGED, ExitCode.DONE)}
    assert registry.written == []


async def test_what_one_tag_fails_by_keeps_no_other_from_going_back(registry: MemoryRegistry) -> None:
    run = journal().with_entries([entry(registry, tag) for tag in ("2.0.2", "2.0.1", "2.0", "2")])
    registry.unreadable[str(PUBLIC.tagged("2.0.2"))] = UnavailableError("502")
    registry.failing[str(PUBLIC.tagged("2.0.1"))] = UnavailableError("503")

    def let_another_be_faster(reference: str) -> None:
        if reference == str(PUBLIC.tagged("2")):
            registry.hold(PUBLIC, held(registry, "other"), "2")

    registry.before_writing = let_another_be_faster

    done = await roll_back(run, BACK, how(registry))

    assert results(done) == {
        "2.0.2": (Result.FAILED, ExitCode.UNAVAILABLE),
        "2.0.1": (Result.FAILED, ExitCode.UNAVAILABLE),
        "2.0": (Result.RESTORED, ExitCode.DONE),
        "2": (Result.MOVED_SINCE, ExitCode.TAG_MOVED),
    }
    kept = await journals.of_run(BACK.run, JOURNALS, registry)
    assert {each.tag.tag: each.result for each in kept.entries} == {
        "2.0.1": "intended",
        "2.0": "moved",
        "2": "intended",
    }


async def test_an_index_whose_images_were_cleared_away_is_gone(registry: MemoryRegistry) -> None:
    run = journal().with_entries([entry(registry, "2.0")])
    (image,) = registry.documents[str(PUBLIC.at(run.entries[0].before))].children
    del registry.documents[str(PUBLIC.at(image.digest))]

    assert results(await roll_back(run, BACK, how(registry))) == {"2.0": (Result.GONE, ExitCode.INCOMPLETE)}
