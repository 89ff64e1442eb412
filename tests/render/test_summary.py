import json
from dataclasses import replace

import pytest

from orchestrator.errors import ExitCode, UnavailableError
from orchestrator.model.index import Member
from orchestrator.model.oci import OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.outcomes import Outcome, Result
from orchestrator.model.plan import Plan, Unknown
from orchestrator.model.publication import Move, Moved, Publication, Staged
from orchestrator.model.reasons import LastStaged
from orchestrator.model.references import Repository
from orchestrator.model.targets import Target
from orchestrator.render.summary import (
    failure_text,
    moves_document,
    moves_text,
    outcomes_text,
    plan_text,
    short,
    size,
    table,
)
from tests.samples import build, target

AMD64 = build("2.0/trixie@amd64")
S390X = build("2.0/trixie@s390x")
OLD, NEW = digest_of(b"old"), digest_of(b"new")


def moved(tag: str, move: Move, *targets: Target, missing: tuple[Target, ...] = (), **more: object) -> Moved:
    repository = Repository("docker.io", "library/tool")
    staged = tuple(Staged(each, repository, (member(each),)) for each in targets)
    publication = Publication(repository.tagged(tag), (*targets, *missing), staged, missing, frozenset({"riscv64"}))
    return replace(Moved(publication, move), **more)  # type: ignore[arg-type] # the fields of Moved, as each test needs


def member(of: Target) -> Member:
    version = "10.0.26100.4061" if of.platform.os == "windows" else ""
    return Member(of.arch, Descriptor(OCI_MANIFEST, NEW, 7, platform=of.platform, os_version=version))


def test_a_table_is_aligned_and_ends_without_blanks() -> None:
    assert table(("name", "what"), [("a", "long text"), ("longer name", "")]) == (
        "NAME         WHAT\na            long text\nlonger name\n"
    )


def test_a_table_without_rows_has_a_head() -> None:
    assert table(("a", "b"), []) == "A  B\n"


def test_a_plan_says_for_each_build_why() -> None:
    plan = Plan((replace(AMD64, staged=OLD), S390X, replace(AMD64, staged=OLD, forced="a new compiler")))

    assert plan_text(plan) == (
        "TARGET            STATE       BUILD ID      WHY\n"
        f"2.0/trixie@amd64  up to date  {AMD64.build_id[:12]}  {OLD[:19]}\n"
        f"2.0/trixie@s390x  needed      {S390X.build_id[:12]}  new\n"
        f"2.0/trixie@amd64  needed      {AMD64.build_id[:12]}  forced: a new compiler\n"
        "2 needed, 1 up to date\n"
    )


def test_a_plan_tells_digests_shortly_and_of_many_reasons_the_first() -> None:
    bases = {f"base:{number}": OLD for number in range(7)}
    kept = replace(AMD64.kept, inputs=replace(AMD64.inputs, bases=bases))

    text = plan_text(Plan((replace(AMD64, last=LastStaged(OLD, kept)),)))

    first = "; ".join(f"base moved: base:{number} {OLD[:19]} -> (none)" for number in range(5))
    assert text.splitlines()[1].endswith(f"  {first}; and 3 more: orchestrator why 2.0/trixie@amd64")


def test_what_is_unknown_is_told_with_each_problem_once() -> None:
    unknown = tuple(Unknown(target(f"2.0/trixie@{arch}"), UnavailableError("503")) for arch in ("i386", "riscv64"))

    assert plan_text(Plan((replace(AMD64, staged=OLD),), unknown)) == (
        "TARGET              STATE       BUILD ID      WHY\n"
        f"2.0/trixie@amd64    up to date  {AMD64.build_id[:12]}  {OLD[:19]}\n"
        "2.0/trixie@i386     unknown     -             it could not be looked up\n"
        "2.0/trixie@riscv64  unknown     -             it could not be looked up\n"
        "2 unknown, 1 up to date\n"
        "unknown: 503\n"
    )


def test_outcomes_have_a_line_each() -> None:
    built = Outcome(
        *("2.0/trixie@amd64", "amd64", "id", Result.BUILT),
        digest=NEW,
        size=51_234_567,
        seconds=75.04,
        cached_steps=2,
        steps=7,
    )
    failed = Outcome("2.0/trixie@s390x", "s390x", "id", Result.FAILED, ExitCode.BUILD_FAILED, detail="broken")

    assert outcomes_text([built, failed]) == (
        "TARGET            RESULT  DIGEST               SIZE     TIME    CACHED\n"
        f"2.0/trixie@amd64  built   {NEW[:19]}  51.2 MB  75.0 s  2/7\n"
        "2.0/trixie@s390x  failed  -                    -        -       -\n"
    )


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (
            Outcome(
                *(
                    "2.0/trixie@s390x",
                    "s390x",
                    "id",
                    Result.FAILED,
                    ExitCode.BUILD_FAILED,
                    "2/2 RUN tool: exit code: 7",
                ),
                log="logs/2.0/trixie@s390x.log",
                tail=("no such option", ""),
            ),
            "2.0/trixie@s390x: 2/2 RUN tool: exit code: 7\n"
            "  the end of out/logs/2.0/trixie@s390x.log:\n"
            "  | no such option\n"
            "  | \n"
            "  repeat it with: make build VERSION=2.0 VARIANT=trixie ARCH=s390x BUILD_ARGS=LINE=2.0/trixie\n",
        ),
        (
            Outcome("2.0/trixie@s390x", "s390x", "id", Result.NOT_RUN),
            "2.0/trixie@s390x: not run\n"
            "  repeat it with: make build VERSION=2.0 VARIANT=trixie ARCH=s390x BUILD_ARGS=LINE=2.0/trixie\n",
        ),
    ],
)
def test_a_failure_comes_with_the_end_of_its_log_and_the_command_that_repeats_it(
    outcome: Outcome, expected: str
) -> None:
    assert failure_text(outcome, S390X) == expected


LINUX, WINDOWS = target("2.0/trixie@amd64"), target("2.0/windows/servercore-1@windows-amd64")
RISCV64 = target("2.0/trixie@riscv64")
MOVES = (
    moved("2.0.1", Move.MOVED, LINUX, WINDOWS, after=NEW),
    moved("2.0", Move.MOVED, LINUX, WINDOWS, before=OLD, after=NEW),
    moved("2.0-slim", Move.UNCHANGED, LINUX, before=OLD, after=OLD),
    moved("2", Move.WOULD_MOVE, LINUX, missing=(RISCV64,), before=OLD, after=NEW),
    moved("latest", Move.HELD, missing=(LINUX,), code=ExitCode.INCOMPLETE, detail="not staged: 2.0/trixie@amd64"),
    moved("3", Move.FAILED, LINUX, code=ExitCode.UNAVAILABLE, detail="no answer\ntwice"),
)


def test_tags_with_the_same_fate_stand_together_and_unchanged_ones_are_counted() -> None:
    assert moves_text(MOVES) == (
        "REPOSITORY  RESULT      DIGEST               PLATFORMS            TAGS\n"
        f"tool        moved       {NEW[:19]}  2                    2.0.1, 2.0\n"
        f"tool        would move  {NEW[:19]}  1 (without riscv64)  2\n"
        "tool        held        -                    0                    latest: not staged: 2.0/trixie@amd64\n"
        "tool        failed      -                    1                    3: no answer; twice\n"
        "tags: 1 failed, 1 held, 2 moved, 1 unchanged, 1 would move\n"
    )


@pytest.mark.parametrize(
    ("several", "expected"),
    [((), "tags: none\n"), ((MOVES[2], MOVES[2]), "tags: 2 unchanged\n")],
)
def test_where_nothing_moves_there_is_no_table(several: tuple[Moved, ...], expected: str) -> None:
    assert moves_text(several) == expected


def test_the_document_has_every_tag() -> None:
    document = moves_document(MOVES, ExitCode.INCOMPLETE)

    assert json.loads(json.dumps(document)) == document
    assert [document["schema"], document["exit_code"], len(document["tags"])] == [1, 12, 6]
    assert document["tags"][0] == {
        "tag": "docker.io/library/tool:2.0.1",
        "result": "moved",
        "before": None,
        "after": NEW,
        "platforms": ["linux/amd64", "windows/amd64 10.0.26100.4061"],
        "left_out": [],
        "held_by": [],
        "detail": "",
        "exit_code": 0,
    }
    assert [document["tags"][3]["left_out"], document["tags"][4]["held_by"], document["tags"][4]["exit_code"]] == [
        ["2.0/trixie@riscv64"],
        ["2.0/trixie@amd64"],
        12,
    ]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (51_234_567, "51.2 MB"),
        (1_234_000_000, "1.2 GB"),
        (5_000_000_000_000_000, "5000.0 TB"),
    ],
)
def test_a_size_is_rounded_to_the_unit_that_fits(count: int, expected: str) -> None:
    assert size(count) == expected


def test_a_digest_is_cut_where_people_stop_comparing() -> None:
    assert (short(NEW), short("")) == (NEW[: len("sha256:") + 12], "")
