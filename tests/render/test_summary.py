from dataclasses import replace

import pytest

from orchestrator.errors import ExitCode, UnavailableError
from orchestrator.model.oci import digest_of
from orchestrator.model.outcomes import BuiltOn, Outcome, Result, blocked
from orchestrator.model.plan import Plan, Unknown
from orchestrator.model.plan.reasons import LastStaged
from orchestrator.render.summary import (
    amount,
    failure_text,
    outcomes_text,
    plan_text,
    short,
    table,
)
from tests.samples import build, child, target

AMD64 = build("2.0/trixie@amd64")
S390X = build("2.0/trixie@s390x")
CHILD = child("2.0/slim-trixie@amd64", AMD64)
OLD, NEW = digest_of(b"old"), digest_of(b"new")


def test_one_is_no_plural() -> None:
    assert [amount(count, "build") for count in (0, 1, 2)] == ["0 builds", "1 build", "2 builds"]


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


def test_a_plan_says_what_each_build_blocks_and_for_whose_sake_it_is_there() -> None:
    children = [child(f"{line}.0/slim-trixie@amd64", AMD64) for line in range(1, 6)]

    lines = plan_text(Plan((replace(AMD64, selected=False), *children))).splitlines()

    names = "1.0/slim-trixie@amd64, 2.0/slim-trixie@amd64, 3.0/slim-trixie@amd64 and 2 more"
    assert lines[1].endswith(f"  new; needed by {names}; blocks {names}")
    assert lines[2].endswith("  new")


def test_a_plan_tells_shortly_which_parent_changed() -> None:
    old = replace(CHILD.kept, inputs=replace(CHILD.inputs, bases={"tool:2.0": f"build:{'1' * 64}"}))

    text = plan_text(Plan((replace(AMD64, staged=OLD), replace(CHILD, last=LastStaged(OLD, old)))))

    now = AMD64.build_id[:13]
    assert text.splitlines()[2].endswith(f"  parent changed: tool:2.0 build:{'1' * 13} -> build:{now}")


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


def test_what_is_unknown_for_its_parent_names_that() -> None:
    error = UnavailableError("503")

    text = plan_text(Plan((), (Unknown(AMD64.target, error), Unknown(CHILD.target, error, AMD64.target))))

    assert text == (
        "TARGET                 STATE    BUILD ID  WHY\n"
        "2.0/trixie@amd64       unknown  -         it could not be looked up; blocks 2.0/slim-trixie@amd64\n"
        "2.0/slim-trixie@amd64  unknown  -         its parent 2.0/trixie@amd64 is unknown\n"
        "2 unknown\n"
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
                builder=BuiltOn("big", "tcp://10.0.0.5:1234"),
                log="logs/2.0/trixie@s390x.log",
                place="dockerfiles/2.0/trixie/Dockerfile:7",
                tail=("no such option", ""),
            ),
            "2.0/trixie@s390x: 2/2 RUN tool: exit code: 7\n"
            "  at dockerfiles/2.0/trixie/Dockerfile:7\n"
            "  built on: big at tcp://10.0.0.5:1234\n"
            "  the end of out/logs/2.0/trixie@s390x.log:\n"
            "  | no such option\n"
            "  | \n"
            "  repeat it with: make build VERSION=2.0 VARIANT=trixie ARCH=s390x\n",
        ),
        (
            Outcome("2.0/trixie@s390x", "s390x", "id", Result.NOT_RUN),
            "2.0/trixie@s390x: not run\n  repeat it with: make build VERSION=2.0 VARIANT=trixie ARCH=s390x\n",
        ),
    ],
)
def test_a_failure_comes_with_the_end_of_its_log_and_the_command_that_repeats_it(
    outcome: Outcome, expected: str
) -> None:
    assert failure_text(outcome, S390X) == expected


def test_what_was_blocked_is_repeated_by_mending_what_blocks_it() -> None:
    outcome = blocked(CHILD.target, CHILD.build_id, by=AMD64.target, because="failed")

    assert failure_text(outcome, CHILD) == "2.0/slim-trixie@amd64: blocked by 2.0/trixie@amd64: failed\n"


def test_a_digest_is_cut_where_people_stop_comparing() -> None:
    assert (short(NEW), short("")) == (NEW[: len("sha256:") + 12], "")
