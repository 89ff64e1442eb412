"""Tags move in their order, only forward, only where something changes, and until nobody has more to say."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from orchestrator.errors import ExitCode, TagMovedError, UnavailableError
from orchestrator.model.publishing.index import assemble
from orchestrator.model.publishing.journal import read
from orchestrator.model.publishing.moves import Move, Moved, Rules
from orchestrator.model.publishing.publication import Publication
from orchestrator.tools.publish import MAX_ROUNDS, Publishing, journals, publish
from orchestrator.tools.registry.retry import RegistryUnavailableError
from tests.samples import journal
from tests.tools.publish.family import JOURNALS, PUBLIC, hold_image, platforms, publication, stage
from tests.tools.publish.memory import MemoryRegistry

TAGS = ("latest", "2", "2.0.1", "2.0")


class Killed(BaseException):
    """What nothing of ours catches."""


async def at_once(rounds: int) -> None:
    """Waits for nothing."""


def how(registry: MemoryRegistry, rules: Rules | None = None, *, keep_alive: bool = False) -> Publishing:
    return Publishing(registry, JOURNALS, rules or Rules(), keep_alive=keep_alive, pause=at_once)


def always(*publications: Publication) -> Callable[[], Awaitable[Sequence[Publication]]]:
    async def ask() -> Sequence[Publication]:
        return publications

    return ask


def fates(moved: Sequence[Moved]) -> list[tuple[str, Move, ExitCode]]:
    return [(each.tag.tag, each.move, each.code) for each in moved]


def written_tags(registry: MemoryRegistry) -> list[str]:
    places = (reference.removeprefix(f"{PUBLIC}:") for reference in registry.written)
    return [place for place in places if "/" not in place]


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


async def test_the_most_specific_tag_moves_first_and_latest_last(registry: MemoryRegistry) -> None:
    amd64 = stage(registry, "amd64")

    run = await publish(always(*(publication(tag, amd64) for tag in TAGS)), journal(), how(registry))

    assert written_tags(registry) == ["2.0.1", "2.0", "2", "latest"]
    assert sorted(fates(run.moved)) == [(tag, Move.MOVED, ExitCode.DONE) for tag in sorted(TAGS)]


async def test_all_content_then_the_journal_comes_before_any_tag(registry: MemoryRegistry) -> None:
    several = [stage(registry, arch) for arch in ("amd64", "s390x")]
    wanted = [publication(tag, *several) for tag in ("2.0", "latest")]
    index = PUBLIC.at(wanted[0].assembled().digest)

    await publish(always(*wanted), journal(), how(registry))

    run = str(JOURNALS.tagged(journal().run))
    assert registry.written == [str(index), run, str(PUBLIC.tagged("2.0")), str(PUBLIC.tagged("latest")), run]
    assert [copied.partition("@")[0] for copied in registry.copied] == [
        f"{each.repository} -> {PUBLIC}" for each in several
    ]


async def test_where_nothing_changes_there_is_one_question_and_no_journal(registry: MemoryRegistry) -> None:
    wanted = publication("2.0", stage(registry, "amd64"))
    registry.hold(PUBLIC, wanted.assembled(), "2.0")

    run = await publish(always(wanted), journal(), how(registry))

    digest = wanted.assembled().digest
    assert run.moved == (Moved(wanted, Move.UNCHANGED, digest, digest),)
    assert run.journal.entries == ()
    assert (registry.written, registry.copied, registry.asked) == ([], [], [str(PUBLIC.tagged("2.0"))])


async def test_a_missing_required_platform_holds_the_tag_without_a_question(registry: MemoryRegistry) -> None:
    wanted = publication("2.0", stage(registry, "amd64"), missing=["s390x"])

    run = await publish(always(wanted), journal(), how(registry))

    assert fates(run.moved) == [("2.0", Move.HELD, ExitCode.INCOMPLETE)]
    assert (registry.asked, registry.written) == ([], [])


async def test_what_one_tag_fails_by_keeps_no_other_from_moving(registry: MemoryRegistry) -> None:
    amd64 = stage(registry, "amd64")
    registry.failing[str(PUBLIC.tagged("2.0"))] = UnavailableError("registry.example: 503")
    registry.unreadable[str(PUBLIC.tagged("2"))] = UnavailableError("registry.example: 502")

    run = await publish(always(*(publication(tag, amd64) for tag in TAGS)), journal(), how(registry))

    assert {tag: (move, code) for tag, move, code in fates(run.moved)} == {
        "2.0.1": (Move.MOVED, ExitCode.DONE),
        "2.0": (Move.FAILED, ExitCode.UNAVAILABLE),
        "2": (Move.FAILED, ExitCode.UNAVAILABLE),
        "latest": (Move.MOVED, ExitCode.DONE),
    }


async def test_what_staging_has_lost_moves_nothing_and_is_to_be_built_again(registry: MemoryRegistry) -> None:
    lost = stage(registry, "s390x")
    place = lost.repository.at(lost.members[0].image.digest)
    del registry.documents[str(place)]

    run = await publish(always(publication("2.0", lost)), journal(), how(registry))

    detail = f"{place}: staging has lost 2.0/trixie@s390x; build it again with --force"
    assert [(*fate, each.detail) for fate, each in zip(fates(run.moved), run.moved, strict=True)] == [
        ("2.0", Move.FAILED, ExitCode.CONTRACT_BROKEN, detail)
    ]


async def test_an_image_of_another_platform_moves_nothing(registry: MemoryRegistry) -> None:
    wrong = stage(registry, "s390x", architecture="amd64")

    run = await publish(always(publication("2.0", wrong)), journal(), how(registry))

    assert fates(run.moved) == [("2.0", Move.FAILED, ExitCode.CONTRACT_BROKEN)]
    assert "its configuration says linux/amd64, expected linux/s390x" in run.moved[0].detail
    assert registry.written == []


async def test_a_job_that_was_faster_is_looked_at_again(registry: MemoryRegistry) -> None:
    wanted = publication("2.0", stage(registry, "amd64"))
    other = assemble([hold_image(registry, PUBLIC, "amd64", "of the other")])

    def let_another_be_faster(reference: str) -> None:
        if reference == str(PUBLIC.tagged("2.0")) and not registry.named(PUBLIC.tagged("2.0")):
            registry.hold(PUBLIC, other, "2.0")

    registry.before_writing = let_another_be_faster

    run = await publish(always(wanted), journal(), how(registry))

    assert fates(run.moved) == [("2.0", Move.MOVED, ExitCode.DONE)]
    assert run.moved[0].before == other.digest
    assert registry.named(PUBLIC.tagged("2.0")) == wanted.assembled().digest


async def test_what_is_staged_while_tags_move_is_published_too(registry: MemoryRegistry) -> None:
    amd64, s390x = (stage(registry, arch) for arch in ("amd64", "s390x"))
    asked = Counter[str]()

    async def ask() -> Sequence[Publication]:
        asked["times"] += 1
        return [publication("2.0", amd64, *([s390x] if asked["times"] > 1 else []))]

    run = await publish(ask, journal(), how(registry))

    assert fates(run.moved) == [("2.0", Move.MOVED, ExitCode.DONE)]
    assert (asked["times"], platforms(registry, "2.0")) == (3, ["linux/amd64", "linux/s390x"])


async def test_a_newer_checkout_that_took_the_tag_meanwhile_keeps_it(registry: MemoryRegistry) -> None:
    ours = publication("2.0", stage(registry, "amd64"), generation=100)
    theirs = publication("2.0", stage(registry, "amd64", content="newer"), generation=200).assembled()
    asked = Counter[str]()

    async def ask() -> Sequence[Publication]:
        asked["times"] += 1
        if asked["times"] == 2:
            registry.hold(PUBLIC, theirs, "2.0")
        return [ours]

    run = await publish(ask, journal(), how(registry))

    assert fates(run.moved) == [("2.0", Move.REFUSED, ExitCode.TAG_MOVED)]
    assert registry.named(PUBLIC.tagged("2.0")) == theirs.digest


async def test_jobs_that_never_agree_end_and_say_so(registry: MemoryRegistry) -> None:
    wanted = publication("2.0", stage(registry, "amd64"))
    registry.failing[str(PUBLIC.tagged("2.0"))] = TagMovedError("another job was faster")
    asked = Counter[str]()

    async def ask() -> Sequence[Publication]:
        asked["times"] += 1
        return [wanted]

    run = await publish(ask, journal(), how(registry))

    assert fates(run.moved) == [("2.0", Move.FAILED, ExitCode.UNAVAILABLE)]
    assert run.moved[0].detail == "other jobs moved it again and again, 8 times in all; run again"
    assert asked["times"] == MAX_ROUNDS


async def test_a_run_that_can_leave_no_journal_moves_nothing(registry: MemoryRegistry) -> None:
    wanted = publication("2.0", stage(registry, "amd64"))
    registry.failing[str(JOURNALS.tagged(journal().run))] = UnavailableError("503")

    with pytest.raises(UnavailableError):
        await publish(always(wanted), journal(), how(registry))

    assert registry.named(PUBLIC.tagged("2.0")) == ""


async def test_the_journal_says_what_stood_there_before_the_run(registry: MemoryRegistry) -> None:
    before = assemble([hold_image(registry, PUBLIC, "amd64", "old")])
    registry.hold(PUBLIC, before, "2.0")
    wanted = [publication(tag, stage(registry, "amd64")) for tag in ("2.0", "2")]

    run = await publish(always(*wanted), journal(), how(registry))

    kept = await journals.of_run(run.journal.run, JOURNALS, registry)
    assert kept == run.journal
    assert [(entry.tag.tag, entry.before, entry.result) for entry in kept.entries] == [
        ("2.0", before.digest, "moved"),
        ("2", "", "moved"),
    ]


async def test_a_run_that_is_killed_between_its_moves_has_told_all_of_them(registry: MemoryRegistry) -> None:
    amd64 = stage(registry, "amd64")
    registry.failing[str(PUBLIC.tagged("latest"))] = Killed()  # type: ignore[assignment] # no error of ours

    with pytest.raises(Killed):
        await publish(always(*(publication(tag, amd64) for tag in ("2.0", "latest"))), journal(), how(registry))

    (layer,) = registry.documents[str(JOURNALS.tagged(journal().run))].layers
    kept = read(await registry.blob(JOURNALS, layer.digest, max_bytes=10_000), registry=PUBLIC.registry)
    assert [(entry.tag.tag, entry.result) for entry in kept.entries] == [("2.0", "intended"), ("latest", "intended")]


async def test_a_dry_run_says_what_would_move_by_how_many_writes_and_writes_nothing(registry: MemoryRegistry) -> None:
    several = [stage(registry, arch) for arch in ("amd64", "s390x")]
    wanted = [publication(tag, *several) for tag in ("2.0", "2")]

    run = await publish(
        always(*wanted, publication("latest", missing=["s390x"])), journal(), how(registry, Rules(dry_run=True))
    )

    assert [(each.tag.tag, each.move) for each in run.moved] == [
        ("2.0", Move.WOULD_MOVE),
        ("2", Move.WOULD_MOVE),
        ("latest", Move.HELD),
    ]
    # Two images with a configuration and a layer each that both share, one index, two tags; the journal's three blobs
    # and two manifests.
    assert run.writes == {"POST": 3 + 3, "PUT": 2 + 1 + 2 + 3 + 2}
    assert (registry.written, registry.copied, registry.uploaded, run.journal.entries) == ([], [], [], ())


async def test_an_image_that_a_repository_has_lost_is_brought_back(registry: MemoryRegistry) -> None:
    several = [stage(registry, arch) for arch in ("amd64", "s390x")]
    wanted = publication("2.0", *several)
    await publish(always(wanted), journal(), how(registry))
    lost = str(PUBLIC.at(several[1].members[0].image.digest))
    del registry.documents[lost]
    registry.written.clear()

    unseen = await publish(always(wanted), journal(), how(registry))
    planned = await publish(always(wanted), journal(), how(registry, Rules(repair=True, dry_run=True)))
    repaired = await publish(always(wanted), journal(), how(registry, Rules(repair=True)))
    again = await publish(always(wanted), journal(), how(registry, Rules(repair=True)))

    moves = [run.moved[0].move for run in (unseen, planned, repaired, again)]
    assert moves == [Move.UNCHANGED, Move.WOULD_REPAIR, Move.REPAIRED, Move.UNCHANGED]
    assert (planned.writes["PUT"], lost in registry.documents, registry.written) == (1, True, [])
    assert repaired.journal.entries == ()


async def test_what_staging_has_lost_too_is_not_said_to_be_repaired(registry: MemoryRegistry) -> None:
    kept = hold_image(registry, PUBLIC, "s390x", "old")
    wanted = replace(publication("2.0", stage(registry, "amd64")), is_exact=True)
    registry.hold(PUBLIC, wanted.assembled([kept]), "2.0")
    del registry.documents[str(PUBLIC.at(kept.image.digest))]

    run = await publish(always(wanted), journal(), how(registry, Rules(repair=True)))

    assert fates(run.moved) == [("2.0", Move.FAILED, ExitCode.INCOMPLETE)]


async def test_a_dry_run_without_moves_plans_no_writes(registry: MemoryRegistry) -> None:
    run = await publish(always(publication("latest", missing=["s390x"])), journal(), how(registry, Rules(dry_run=True)))

    assert run.writes == {}


async def test_a_tag_that_a_registry_cannot_read_any_more_is_written_anew(registry: MemoryRegistry) -> None:
    wanted = publication("2.0", stage(registry, "amd64"))
    registry.unreadable[str(PUBLIC.tagged("2.0"))] = RegistryUnavailableError("500", status=500)
    registry.before_writing = lambda reference: registry.unreadable.clear()

    run = await publish(always(wanted), journal(), how(registry))

    assert fates(run.moved) == [("2.0", Move.MOVED, ExitCode.DONE)]
    assert "nobody can say what it had" in run.moved[0].warnings[0]


async def test_what_is_kept_alive_has_a_tag_of_its_own_as_has_what_it_stands_in_for(registry: MemoryRegistry) -> None:
    old = hold_image(registry, PUBLIC, "amd64", "old")
    before = assemble([old])
    registry.hold(PUBLIC, before, "2.0")
    amd64 = stage(registry, "amd64")
    wanted = publication("2.0", amd64)
    planned = await publish(always(wanted), journal(), how(registry, Rules(dry_run=True), keep_alive=True))

    await publish(always(wanted), journal(), how(registry, keep_alive=True))

    kept = [before.digest, old.image.digest, wanted.assembled().digest, amd64.members[0].image.digest]
    named = {tag: registry.named(PUBLIC.tagged(tag)) for tag in await registry.tags(PUBLIC)}
    assert named == {
        "2.0": wanted.assembled().digest,
        **{f"k-{digest.removeprefix('sha256:')[:40]}": digest for digest in kept},
    }
    assert planned.writes["PUT"] == len(kept) + 1 + 1 + 1 + 3 + 2
    # What an index names is kept before the index is.
    tags = written_tags(registry)
    assert tags.index(f"k-{kept[1][7:47]}") < tags.index(f"k-{kept[0][7:47]}")
    assert tags.index(f"k-{kept[3][7:47]}") < tags.index(f"k-{kept[2][7:47]}") < tags.index("2.0")
