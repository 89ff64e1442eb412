"""Tags move in their order, only forward, and only where something changes."""

from collections.abc import Sequence

import pytest

from orchestrator.errors import ExitCode, TagMovedError, UnavailableError
from orchestrator.model.index import Member, assemble
from orchestrator.model.oci import Document, digest_of
from orchestrator.model.plan import Plan
from orchestrator.model.publication import Move, Moved, Publication, Staged
from orchestrator.model.references import Reference
from orchestrator.tools.publish import Rules, publish, staged_targets
from tests.fakes import FakeRegistry
from tests.samples import attestation_entry, build, image_entry, index_document, target

TAGS = ("latest", "2", "2.0.1", "2.0")


def staged(arch: str) -> Staged:
    each = build(f"2.0/trixie@{arch}")
    entry = image_entry(str(each.target.platform))
    return Staged(
        each.target,
        each.staging.repository,
        (Member(arch, index_document(entry).children[0]),),
    )


def publication(tag: str, *arches: str, missing: Sequence[str] = (), best_effort: Sequence[str] = ()) -> Publication:
    return Publication(
        tag=Reference.parse(f"registry.example/library/tool:{tag}"),
        expected=tuple(target(f"2.0/trixie@{arch}") for arch in (*arches, *missing)),
        staged=tuple(staged(arch) for arch in arches),
        missing=tuple(target(f"2.0/trixie@{arch}") for arch in missing),
        best_effort=frozenset(best_effort),
    )


def live(tag: str, document: Document) -> dict[str, Document]:
    return {f"registry.example/library/tool:{tag}": document}


def fates(moved: Sequence[Moved]) -> list[tuple[str, Move, ExitCode]]:
    return [(each.publication.tag.tag, each.move, each.code) for each in moved]


async def test_the_most_specific_tag_moves_first_and_latest_last() -> None:
    registry = FakeRegistry()

    moved = await publish([publication(tag, "amd64") for tag in TAGS], registry, Rules())

    assert [reference.rpartition(":")[2] for reference in registry.written] == ["2.0.1", "2.0", "2", "latest"]
    assert fates(moved) == [(tag, Move.MOVED, ExitCode.DONE) for tag in ("2.0.1", "2.0", "2", "latest")]


async def test_content_comes_before_its_tag() -> None:
    registry = FakeRegistry()
    registry.before_writing = lambda reference: registry.copied.append("tag")

    await publish([publication("2.0", "amd64", "s390x")], registry, Rules())

    assert registry.copied == [
        f"registry.example/staging/staging-amd64 -> registry.example/library/tool@{digest_of(b'linux/amd64')}",
        f"registry.example/staging/staging-s390x -> registry.example/library/tool@{digest_of(b'linux/s390x')}",
        "tag",
    ]


async def test_attestations_are_brought_along() -> None:
    each = build("2.0/trixie@amd64")
    subject = digest_of(b"linux/amd64")
    document = index_document(image_entry("linux/amd64"), attestation_entry(subject))
    registry = FakeRegistry({str(each.staging): document})
    found = await staged_targets(Plan((build("2.0/trixie@amd64", staged=document.digest),)), registry)
    with_provenance = Publication(
        Reference.parse("registry.example/library/tool:2.0"), (each.target,), tuple(found.values()), (), frozenset()
    )

    await publish([with_provenance], registry, Rules())

    assert [copied.rpartition("@")[2] for copied in registry.copied] == [
        subject,
        digest_of(f"of {subject}".encode()),
    ]


async def test_a_tag_that_names_the_index_already_is_left_alone() -> None:
    wanted = publication("2.0", "amd64")
    registry = FakeRegistry(live("2.0", wanted.index))

    moved = await publish([wanted], registry, Rules())

    assert moved == (Moved(wanted, Move.UNCHANGED, wanted.index.digest, wanted.index.digest),)
    assert (registry.written, registry.copied, len(registry.asked)) == ([], [], 1)


async def test_a_missing_required_platform_holds_the_tag_without_a_question() -> None:
    registry = FakeRegistry()

    [moved] = await publish([publication("2.0", "amd64", missing=["s390x"])], registry, Rules())

    assert (moved.move, moved.code, moved.detail) == (
        Move.HELD,
        ExitCode.INCOMPLETE,
        "not staged: 2.0/trixie@s390x",
    )
    assert (registry.asked, registry.written) == ([], [])


async def test_a_missing_best_effort_platform_holds_nothing() -> None:
    wanted = publication("2.0", "amd64", missing=["riscv64"], best_effort=["riscv64"])

    assert fates(await publish([wanted], FakeRegistry(), Rules())) == [("2.0", Move.MOVED, ExitCode.DONE)]


def _live_index(*arches: str) -> Document:
    return assemble(member for arch in arches for member in staged(arch).members)


async def test_a_tag_that_would_lose_a_platform_is_refused() -> None:
    before = _live_index("amd64", "s390x")
    registry = FakeRegistry(live("2.0", before))

    [moved] = await publish([publication("2.0", "amd64")], registry, Rules())

    assert (moved.move, moved.code, moved.before, moved.detail) == (
        Move.REFUSED,
        ExitCode.PUBLISH_REFUSED,
        before.digest,
        "it would lose linux/s390x; build them, or allow it by --allow-drop",
    )
    assert registry.written == []


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [({"linux/s390x"}, Move.MOVED), ({"linux/amd64"}, Move.REFUSED), (set(), Move.REFUSED)],
)
async def test_only_the_platforms_that_are_named_may_go(allowed: set[str], expected: Move) -> None:
    registry = FakeRegistry(live("2.0", _live_index("amd64", "s390x")))

    [moved] = await publish([publication("2.0", "amd64")], registry, Rules(frozenset(allowed)))

    assert moved.move is expected


async def test_a_tag_that_fails_keeps_no_other_from_moving() -> None:
    registry = FakeRegistry()
    registry.failing["registry.example/library/tool:2.0"] = UnavailableError("registry.example: 503")
    registry.failing["registry.example/library/tool:2"] = TagMovedError("somebody else's appeared")

    moved = await publish([publication(tag, "amd64") for tag in TAGS], registry, Rules())

    assert fates(moved) == [
        ("2.0.1", Move.MOVED, ExitCode.DONE),
        ("2.0", Move.FAILED, ExitCode.UNAVAILABLE),
        ("2", Move.FAILED, ExitCode.TAG_MOVED),
        ("latest", Move.MOVED, ExitCode.DONE),
    ]


async def test_a_dry_run_says_what_would_move_and_writes_nothing() -> None:
    registry = FakeRegistry(live("2.0", _live_index("amd64", "s390x")))
    wanted = [publication("2.0", "amd64"), publication("2", "amd64"), publication("latest", "amd64", missing=["s390x"])]

    moved = await publish(wanted, registry, Rules(dry_run=True))

    assert [(each.publication.tag.tag, each.move) for each in moved] == [
        ("2.0", Move.REFUSED),
        ("2", Move.WOULD_MOVE),
        ("latest", Move.HELD),
    ]
    assert (registry.written, registry.copied) == ([], [])


async def test_targets_count_as_staged_only_when_the_plan_saw_them_and_they_are_still_there() -> None:
    document = index_document(image_entry("linux/amd64"))
    there, gone, never = (build(f"2.0/{name}") for name in ("trixie@amd64", "slim-trixie@amd64", "trixie@s390x"))
    registry = FakeRegistry({str(there.staging): document, str(never.staging): document})
    seen = [build(str(each.target), staged=document.digest) for each in (there, gone)]

    found = await staged_targets(Plan((*seen, never)), registry)

    assert [str(each) for each in found] == ["2.0/trixie@amd64"]
    assert found[there.target].repository == there.staging.repository
