import datetime as dt
from dataclasses import replace

import pytest

from orchestrator.errors import UnavailableError
from orchestrator.model.oci import OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.plan import Build, Plan, Unknown
from orchestrator.model.publishing.index import Member, assemble
from orchestrator.model.publishing.journal import Entry
from orchestrator.model.publishing.live import Live
from orchestrator.model.repositories import Repositories
from orchestrator.model.status.public_tags import Found, Places, moves
from orchestrator.model.tags import Tags
from orchestrator.tools.public_tags import find
from orchestrator.tools.publish import journals
from orchestrator.tools.registry.retry import RegistryUnavailableError
from tests.samples import CONFIG, build, journal
from tests.tools.publish.family import JOURNALS, hold_image, stage
from tests.tools.publish.memory import MemoryRegistry

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
REPOSITORIES = Repositories("registry.example", CONFIG)
NEVER = build("2.0/trixie@s390x")
TAGS = {("2.0", NEVER.target.facts.variant): Tags(("2.0-trixie",), ())}


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


def staged(registry: MemoryRegistry) -> tuple[Build, Member]:
    """A build that staging holds, and its image."""
    found = stage(registry, "amd64", content="seven b")
    (member,) = found.members
    return replace(build("2.0/trixie@amd64"), staged=assemble([member]).digest), member


def places(*builds: Build) -> Places:
    return Places.of((each.target for each in builds), TAGS, REPOSITORIES)


async def test_tags_images_and_what_is_staged_are_found_each_with_its_size(registry: MemoryRegistry) -> None:
    one, member = staged(registry)
    where = places(one, NEVER)
    own = where.own[one.target]
    old = hold_image(registry, own.repository, "amd64", "older")
    registry.hold(own.repository, assemble([old]), own.tag)
    run = journal().with_entries([Entry(own, "", assemble([old]).digest, is_done=True)])
    await journals.write(run, JOURNALS, registry)

    found, errors = await find(Plan((one, NEVER)), where, JOURNALS, registry, with_sizes=True)

    nothing = dict.fromkeys(where.every, Live())
    assert errors == ()
    assert found == Found(
        tags={**nothing, own: Live(assemble([old]), (old,))},
        moves=moves([run]),
        images={one.target: member.image.digest},
        sizes={one.staging.pinned(one.staged): 7, own.pinned(assemble([old]).digest): 5},
    )


async def test_without_sizes_no_image_is_asked_for(registry: MemoryRegistry) -> None:
    one, member = staged(registry)

    found, _ = await find(Plan((one,)), places(one), JOURNALS, registry, with_sizes=False)

    assert found.sizes == {}
    assert str(one.staging.repository.at(member.image.digest)) not in registry.asked


async def test_what_cannot_be_asked_is_an_error_beside_the_rest(registry: MemoryRegistry) -> None:
    one, member = staged(registry)
    where, error = places(one), UnavailableError("503")
    own = where.own[one.target]
    registry.unreadable[str(own)] = error

    found, errors = await find(Plan((one,)), where, JOURNALS, registry, with_sizes=False)

    assert errors == (error,)
    assert found.tags == {own: error, where.by_all[one.target]: Live()}
    assert found.images == {one.target: member.image.digest}


async def test_a_tag_that_its_registry_cannot_read_any_more_is_unknown(registry: MemoryRegistry) -> None:
    one, _ = staged(registry)
    own = places(one).own[one.target]
    registry.unreadable[str(own)] = RegistryUnavailableError("it fails", status=500)

    _, errors = await find(Plan((one,)), places(one), JOURNALS, registry, with_sizes=False)

    assert list(map(str, errors)) == [
        f"{own}: the registry cannot read what it names; `orchestrator publish` writes it anew"
    ]


async def test_a_staged_image_that_cannot_be_read_is_an_error(registry: MemoryRegistry) -> None:
    one, _ = staged(registry)
    error = UnavailableError("503")
    registry.unreadable[str(one.staging.pinned(one.staged))] = error

    found, errors = await find(Plan((one,)), places(one), JOURNALS, registry, with_sizes=True)

    assert (found.images, errors, found.sizes) == ({one.target: error}, (error,), {})


async def test_what_the_plan_does_not_know_is_not_told_twice(registry: MemoryRegistry) -> None:
    unknown = Unknown(NEVER.target, UnavailableError("503"))

    _, errors = await find(Plan((), (unknown,)), places(NEVER), JOURNALS, registry, with_sizes=False)

    assert errors == ()


async def test_journals_that_cannot_be_read_leave_times_unknown(registry: MemoryRegistry) -> None:
    registry.hold(JOURNALS, assemble([]), "20260101T120000Z-0123abcd")

    found, (error,) = await find(Plan(()), places(), JOURNALS, registry, with_sizes=False)

    assert found.moves == {}
    assert "expected the journal of a run" in str(error)


async def test_what_is_gone_or_no_image_has_no_size(registry: MemoryRegistry) -> None:
    one, _ = staged(registry)
    where = places(one)
    own = where.own[one.target]
    two = assemble(Member(arch, Descriptor(OCI_MANIFEST, digest_of(arch.encode()), 7)) for arch in ("amd64", "s390x"))
    registry.hold(own.repository, two)
    entries = [Entry(own, "", two.digest, is_done=True)]
    await journals.write(journal().with_entries(entries), JOURNALS, registry)
    later = replace(journal("20260201T120000Z-0123abcd"), began=NOON)
    await journals.write(later.with_entries([Entry(own, "", digest_of(b"gone"), is_done=True)]), JOURNALS, registry)

    found, errors = await find(Plan((one,)), where, JOURNALS, registry, with_sizes=True)

    assert (list(found.sizes), errors) == ([one.staging.pinned(one.staged)], ())
