from dataclasses import replace

import pytest

from orchestrator.errors import ContractBrokenError, ExitCode, UnavailableError
from orchestrator.model.plan import Unknown
from orchestrator.model.publishing.index import Member
from orchestrator.model.publishing.live import Live
from orchestrator.model.publishing.moves import Move, Moved, Rules, decided, held, in_waves, lost_platforms
from tests.model.moving import REPOSITORY, live, member, old, publication
from tests.samples import attestation_entry, image_entry, index_document, target

OLDER, NEWER = 1_700_000_000, 1_700_086_400
AMD64 = publication("amd64")


def test_a_new_tag_would_move() -> None:
    assert decided(AMD64, Live(), Rules()) == Moved(
        AMD64, Move.WOULD_MOVE, "", AMD64.assembled().digest, index=AMD64.assembled()
    )


@pytest.mark.parametrize(
    "there",
    [
        live(member("amd64", version="2.0.1")),
        live(member("amd64")),
        live(member("amd64"), generation=OLDER),
        live(member("amd64"), generation=NEWER + 1),
    ],
)
def test_the_same_images_are_no_reason_to_move_whoever_published_them(there: Live) -> None:
    wanted = publication("amd64", generation=NEWER)

    assert decided(wanted, there, Rules()) == Moved(wanted, Move.UNCHANGED, there.digest, there.digest)


def test_what_is_not_known_to_be_staged_holds_the_tag_by_its_own_code() -> None:
    s390x, riscv64 = target("2.0/trixie@s390x"), target("2.0/trixie@riscv64")
    unknown = (Unknown(s390x, UnavailableError("503")), Unknown(riscv64, ContractBrokenError("two images")))

    moved = held(replace(AMD64, unknown=unknown))

    assert moved is not None
    assert (moved.move, moved.code, moved.detail) == (
        Move.HELD,
        ExitCode.CONTRACT_BROKEN,
        "not known to be staged: 503; two images",
    )


def test_a_missing_required_platform_holds_the_tag() -> None:
    wanted = publication("amd64", missing=["s390x"])

    assert held(wanted) == Moved(wanted, Move.HELD, code=ExitCode.INCOMPLETE, detail="not staged: 2.0/trixie@s390x")
    assert held(AMD64) is None
    assert held(publication("amd64", missing=["riscv64"])) is None


@pytest.mark.parametrize(
    ("there", "rules", "expected"),
    [
        (old("amd64", "s390x"), Rules(), "linux/s390x"),
        (old("amd64", "s390x", "arm64v8"), Rules(frozenset({"linux/s390x"})), "linux/arm64/v8"),
        (old("arm64v8", "s390x"), Rules(), "linux/arm64/v8, linux/s390x"),
    ],
)
def test_a_tag_that_would_lose_a_platform_is_refused(there: Live, rules: Rules, expected: str) -> None:
    found = decided(AMD64, there, rules)

    assert found == Moved(
        AMD64,
        Move.REFUSED,
        there.digest,
        AMD64.assembled().digest,
        ExitCode.PUBLISH_REFUSED,
        f"it would lose {expected}; build them, or allow it by --allow-drop",
    )


def test_platforms_that_may_go_are_gone() -> None:
    found = decided(AMD64, old("amd64", "s390x"), Rules(frozenset({"linux/s390x"})))

    assert (found.move, found.kept, found.warnings) == (Move.WOULD_MOVE, (), ())


def test_a_tag_that_names_a_single_image_loses_no_platform_either() -> None:
    there = Live(index_document(image_entry("linux/s390x")), (member("s390x", "old"),))

    assert decided(AMD64, there, Rules()).code is ExitCode.PUBLISH_REFUSED


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (
            OLDER,
            NEWER,
            "a checkout of 2023-11-15 22:13:20 UTC published what it names, and this checkout is of "
            "2023-11-14 22:13:20 UTC; publish from a newer commit, or allow it by --allow-older",
        ),
        (
            None,
            NEWER,
            "a checkout of 2023-11-15 22:13:20 UTC published what it names, and the commit of this checkout is not "
            "known; publish from a newer commit, or allow it by --allow-older",
        ),
        (NEWER, OLDER, ""),
        (NEWER, NEWER, ""),
        (OLDER, None, ""),
        (None, None, ""),
    ],
)
def test_an_older_checkout_does_not_overtake_a_newer_one(ours: int | None, theirs: int | None, expected: str) -> None:
    wanted = publication("amd64", generation=ours)
    there = old("amd64", generation=theirs)

    found = decided(wanted, there, Rules())

    code = ExitCode.TAG_MOVED if expected else ExitCode.DONE
    assert (found.move, found.code, found.detail) == (
        Move.REFUSED if expected else Move.WOULD_MOVE,
        code,
        expected,
    )
    assert decided(wanted, there, Rules(allow_older=True)).move is Move.WOULD_MOVE


@pytest.mark.parametrize(
    ("version", "is_exact", "kept", "warnings"),
    [
        ("2.0.1", False, ["linux/riscv64"], ["keeps linux/riscv64 as it was"]),
        ("2.0.0", False, [], ["loses linux/riscv64, which holds 2.0.0"]),
        ("", False, [], ["loses linux/riscv64, which holds a version it does not say"]),
        ("", True, ["linux/riscv64"], ["keeps linux/riscv64 as it was"]),
    ],
)
def test_a_best_effort_image_is_kept_while_it_holds_the_same_version(
    version: str, kept: list[str], warnings: list[str], *, is_exact: bool
) -> None:
    wanted = publication("amd64", missing=["riscv64"], is_exact=is_exact)
    there = live(member("amd64", "old"), member("riscv64", "old", version=version) if version else member("riscv64"))

    found = decided(wanted, there, Rules())

    assert (found.move, [each.platform for each in found.kept]) == (Move.WOULD_MOVE, kept)
    assert found.warnings == ("without 2.0/trixie@riscv64, which is not staged", *warnings)
    assert found.index == wanted.assembled(found.kept)


def test_an_exact_tag_keeps_what_no_target_stands_for_any_more_with_what_speaks_of_it() -> None:
    subject = image_entry("linux/mips64le")
    document = index_document(subject, attestation_entry(subject["digest"]))
    mips = Member("mips64le", document.children[0], document.children[1:])
    wanted = publication("amd64", is_exact=True)

    found = decided(wanted, Live(document, (mips,)), Rules())

    assert (found.move, found.kept, found.warnings) == (
        Move.WOULD_MOVE,
        (mips,),
        ("keeps linux/mips64le as it was",),
    )
    assert found.index is not None
    assert [child.is_attestation for child in found.index.children] == [False, False, True]


def test_an_exact_tag_keeps_no_image_of_another_version() -> None:
    found = decided(publication("amd64", is_exact=True), old("s390x", version="2.0.0"), Rules())

    assert found.code is ExitCode.PUBLISH_REFUSED


def test_an_exact_tag_that_names_already_what_it_has_and_keeps_is_unchanged() -> None:
    there = live(member("amd64"), member("s390x", "old"))

    found = decided(publication("amd64", is_exact=True), there, Rules())

    assert (found.move, found.kept) == (Move.UNCHANGED, (member("s390x", "old"),))


def test_what_looks_like_a_mistake_is_said_with_the_move() -> None:
    exact = publication("amd64", tag="2.0.1", is_exact=True)

    back = decided(AMD64, old("amd64", version="2.0.2"), Rules())
    smaller = decided(exact, old("amd64", "s390x"), Rules(frozenset({"linux/s390x"})))

    assert (back.move, back.warnings) == (Move.WOULD_MOVE, ("goes back from 2.0.2 to 2.0.1 on linux/amd64",))
    assert (smaller.move, smaller.warnings) == (Move.WOULD_MOVE, ("an exact tag loses linux/s390x",))


def test_arch_tags_go_before_shared_ones_and_the_most_specific_first() -> None:
    def moved(tag: str, *, is_shared: bool) -> Moved:
        return Moved(replace(AMD64, tag=REPOSITORY.tagged(tag), is_shared=is_shared), Move.WOULD_MOVE)

    shared = [moved(tag, is_shared=True) for tag in ("latest", "2", "2.0.1", "2.0", "2.0.1-trixie")]
    arch = [moved(tag, is_shared=False) for tag in ("2.0.1", "latest")]

    waves = [[(each.publication.is_shared, each.tag.tag) for each in wave] for wave in in_waves([*shared, *arch])]

    assert waves == [
        [(False, "2.0.1")],
        [(False, "latest")],
        [(True, "2.0.1"), (True, "2.0.1-trixie")],
        [(True, "2.0")],
        [(True, "2")],
        [(True, "latest")],
    ]


MOVED = Moved(AMD64, Move.MOVED, "a", "b", warnings=("one",))


@pytest.mark.parametrize(
    ("first", "later", "expected"),
    [
        (MOVED, Moved(AMD64, Move.UNCHANGED, "b", "b"), MOVED),
        (
            MOVED,
            Moved(AMD64, Move.MOVED, "b", "c", warnings=("two",)),
            replace(MOVED, after="c", warnings=("one", "two")),
        ),
        (
            MOVED,
            Moved(AMD64, Move.HELD, code=ExitCode.INCOMPLETE, detail="not staged: x"),
            replace(
                MOVED,
                warnings=("one", "what it stands on moved on meanwhile, so the next move is held: not staged: x"),
            ),
        ),
        (
            MOVED,
            Moved(AMD64, Move.REFUSED, "d", "b", ExitCode.TAG_MOVED, "newer"),
            Moved(AMD64, Move.REFUSED, "a", "b", ExitCode.TAG_MOVED, "newer", ("one",)),
        ),
        (
            Moved(AMD64, Move.FAILED, "a", "b", ExitCode.TAG_MOVED),
            Moved(AMD64, Move.UNCHANGED, "b", "b"),
            Moved(AMD64, Move.UNCHANGED, "b", "b"),
        ),
    ],
)
def test_a_further_round_says_what_stands_at_its_end(first: Moved, later: Moved, expected: Moved) -> None:
    assert first.then(later) == expected


@pytest.mark.parametrize(
    ("move", "code", "expected"),
    [
        (Move.FAILED, ExitCode.TAG_MOVED, True),
        (Move.FAILED, ExitCode.UNAVAILABLE, False),
        (Move.REFUSED, ExitCode.TAG_MOVED, False),
    ],
)
def test_a_tag_is_contested_when_another_job_was_faster(move: Move, code: ExitCode, *, expected: bool) -> None:
    assert Moved(AMD64, move, code=code).is_contested is expected


def test_each_lost_platform_is_named_once_unless_it_may_go() -> None:
    windows = [member("windows-amd64", os_version=version) for version in ("10.0.1.1", "10.0.2.1")]
    before = [*windows, member("s390x"), member("amd64")]

    assert lost_platforms(before, [member("amd64", "new")], Rules()) == ("windows/amd64", "linux/s390x")
    assert lost_platforms(before, windows[:1], Rules(frozenset({"linux/amd64"}))) == ("windows/amd64", "linux/s390x")
