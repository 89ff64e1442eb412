import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.errors import OrchestratorError, UnavailableError
from orchestrator.model.oci import digest_of
from orchestrator.model.publishing.journal import Entry, Journal
from orchestrator.model.publishing.live import Live
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.status.public_tags import (
    Found,
    Move,
    Places,
    Public,
    Publicity,
    SharedTag,
    Size,
    moves,
    public,
    shared_tags,
    sizes,
)
from orchestrator.model.tags import Tags
from orchestrator.model.targets import Target
from tests.model.moving import live, member
from tests.samples import CONFIG, journal, target

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
AMD64, S390X = target("2.0/trixie@amd64"), target("2.0/trixie@s390x")
REPOSITORIES = Repositories("registry.example", CONFIG)
TAGS = {("2.0", AMD64.facts.variant): Tags(("2.0.1-trixie", "2.0-trixie"), ("2.0",), ("2.0.1-trixie",))}
PLACES = Places.of((AMD64, S390X), TAGS, REPOSITORIES)
OWN = Reference.parse("registry.example/amd64/tool:2.0-trixie")
SHARED = Reference.parse("registry.example/library/tool:2.0-trixie")
IMAGE = member("amd64").image.digest


def tag(word: str) -> Reference:
    return REPOSITORIES.shared.tagged(word)


def found(own: Live | OrchestratorError, by_all: Live | OrchestratorError, **more: Any) -> Found:
    return replace(Found(tags={OWN: own, SHARED: by_all}, images={AMD64: IMAGE}), **more)


def test_a_target_is_judged_by_the_tag_that_stays_from_release_to_release() -> None:
    both = (AMD64, S390X)
    own = {each: REPOSITORIES.arch(each.arch).tagged("2.0-trixie") for each in both}
    found = Places.of(both, TAGS, REPOSITORIES)

    assert found == Places(
        own=own,
        by_all=dict.fromkeys(both, SHARED),
        shared={tag("2.0.1-trixie"): both, SHARED: both, tag("2.0"): both},
    )
    assert found.every == (*own.values(), SHARED, tag("2.0.1-trixie"), tag("2.0"))


def test_a_line_whose_only_tags_are_exact_is_judged_by_the_first() -> None:
    only = {("2.0", AMD64.facts.variant): Tags(("2.0-trixie",), (), ("2.0-trixie",))}

    assert Places.of((AMD64,), only, REPOSITORIES).own == {AMD64: OWN}


@pytest.mark.parametrize(
    ("own", "by_all", "publicity", "digest"),
    [
        (live(member("amd64")), live(member("amd64"), member("s390x")), Publicity.PUBLISHED, IMAGE),
        (live(member("amd64", "old")), live(member("amd64")), Publicity.PUBLISHED, IMAGE),
        (live(member("amd64")), Live(), Publicity.ARCH_ONLY, IMAGE),
        (live(member("amd64")), live(member("s390x")), Publicity.ARCH_ONLY, IMAGE),
        (
            live(member("amd64")),
            live(member("amd64", "old")),
            Publicity.ARCH_ONLY,
            member("amd64", "old").image.digest,
        ),
        (
            live(member("amd64", "old")),
            live(member("amd64", "old")),
            Publicity.OLDER,
            member("amd64", "old").image.digest,
        ),
        (Live(), live(member("s390x")), Publicity.ABSENT, ""),
    ],
)
def test_what_tags_name_says_how_far_an_image_is_public(
    own: Live, by_all: Live, publicity: Publicity, digest: str
) -> None:
    assert public(AMD64, PLACES, found(own, by_all)) == Public(publicity, OWN, digest)


def test_where_nothing_is_staged_now_what_is_public_is_older() -> None:
    there = live(member("amd64"))

    assert public(AMD64, PLACES, found(there, there, images={})).publicity is Publicity.OLDER


@pytest.mark.parametrize(
    ("own", "by_all", "images"),
    [
        (UnavailableError("503"), Live(), {}),
        (Live(), UnavailableError("503"), {}),
        (live(member("amd64")), live(member("amd64")), {AMD64: UnavailableError("503")}),
    ],
)
def test_what_cannot_be_asked_is_unknown(
    own: Live | OrchestratorError, by_all: Live | OrchestratorError, images: Mapping[Target, str | OrchestratorError]
) -> None:
    assert public(AMD64, PLACES, found(own, by_all, images=images)) == Public(Publicity.UNKNOWN, OWN, problem="503")


def ran(day: int, *entries: tuple[Reference, str]) -> Journal:
    run = replace(journal(f"2026010{day}T120000Z-0123abcd"), began=NOON.replace(day=day))
    return run.with_entries(Entry(place, "", after, is_done=True) for place, after in entries)


def test_moves_are_those_of_each_tag_in_the_order_of_the_runs() -> None:
    later, earlier = ran(2, (OWN, "sha256:b")), ran(1, (OWN, "sha256:a"), (SHARED, "sha256:c"))

    assert moves((later, earlier)) == {
        OWN: [Move(later.run, later.began, "sha256:b"), Move(earlier.run, earlier.began, "sha256:a")],
        SHARED: [Move(earlier.run, earlier.began, "sha256:c")],
    }


def test_a_tag_stands_where_the_last_run_put_it_since_that_run() -> None:
    there = live(member("amd64"))
    known = moves((ran(2, (OWN, there.digest)), ran(1, (OWN, "sha256:a"))))

    assert public(AMD64, PLACES, found(there, there, moves=known)) == Public(
        Publicity.PUBLISHED, OWN, IMAGE, NOON.replace(day=2), "20260102T120000Z-0123abcd"
    )


def test_a_tag_that_somebody_else_moved_since_has_no_time() -> None:
    there = live(member("amd64"))

    assert public(AMD64, PLACES, found(there, there, moves=moves((ran(2, (OWN, "sha256:a")),)))).since is None


def test_sizes_begin_with_the_oldest_and_leave_out_what_is_gone() -> None:
    first, second, gone = (digest_of(word.encode()) for word in ("first", "second", "gone"))
    runs = (ran(3, (OWN, second)), ran(2, (OWN, gone)), ran(1, (OWN, first)))
    known = Found(moves=moves(runs), sizes={OWN.pinned(first): 7, OWN.pinned(second): 9})

    assert sizes(OWN, known) == (Size(NOON, first, 7), Size(NOON.replace(day=3), second, 9))


def test_shared_tags_say_what_they_name_and_since_when() -> None:
    there = live(member("amd64"))
    known = Found(
        tags={SHARED: there, tag("2.0.1-trixie"): Live(), tag("2.0"): UnavailableError("503")},
        moves=moves((ran(2, (SHARED, there.digest)),)),
    )
    both = (AMD64, S390X)

    assert shared_tags(PLACES, known) == (
        SharedTag(tag("2.0.1-trixie"), both, Publicity.ABSENT),
        SharedTag(SHARED, both, Publicity.PUBLISHED, there.digest, NOON.replace(day=2)),
        SharedTag(tag("2.0"), both, Publicity.UNKNOWN),
    )
