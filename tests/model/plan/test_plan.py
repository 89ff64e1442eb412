from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from orchestrator.errors import ExitCode, NotAuthorisedError, UnavailableError
from orchestrator.model.bases import ResolvedBase
from orchestrator.model.oci import digest_of
from orchestrator.model.plan import Build, Plan, State, Unknown
from orchestrator.model.plan.build_id import build_id
from orchestrator.model.plan.reasons import LastStaged
from orchestrator.model.plan.repeat import Told
from orchestrator.model.references import Reference
from tests.samples import build, child

AMD64 = build("2.0/trixie@amd64")
S390X = build("2.0/trixie@s390x")
CHILD = child("2.0/slim-trixie@amd64", AMD64)
GRANDCHILD = child("2.0/alpine3.24@amd64", CHILD)
STAGED = digest_of(b"staged")
MAKE = "make build VERSION=2.0 VARIANT=trixie ARCH=amd64"


def test_a_build_waits_in_staging_under_its_id() -> None:
    assert AMD64.build_id == build_id(AMD64.inputs)
    assert str(AMD64.staging) == f"registry.example/staging/staging-amd64:{AMD64.build_id}"
    assert AMD64.directory == PurePosixPath("dockerfiles/2.0/trixie")
    assert str(AMD64.pointer) == "registry.example/staging/staging-amd64:tool-2.0-trixie"


@pytest.mark.parametrize(
    ("staged", "forced", "state", "reason"),
    [
        ("", "", State.NEEDED, "new"),
        (STAGED, "", State.UP_TO_DATE, ""),
        (STAGED, "a new compiler", State.NEEDED, "forced: a new compiler"),
        ("", "a new compiler", State.NEEDED, "forced: a new compiler; new"),
    ],
)
def test_a_build_is_needed_when_it_is_not_staged_or_forced(staged: str, forced: str, state: State, reason: str) -> None:
    one = replace(AMD64, staged=staged, forced=forced)

    assert (one.state, one.reason) == (state, reason)


def test_a_plan_keeps_its_order_and_knows_what_is_needed() -> None:
    plan = Plan((S390X, AMD64)).with_staged({S390X.staging: STAGED})

    assert plan == Plan((replace(S390X, staged=STAGED), AMD64))
    assert plan.needed == (AMD64,)


def test_what_is_gone_from_staging_is_needed_again() -> None:
    plan = Plan((replace(AMD64, staged=STAGED),))

    assert plan.with_staged({}).needed == (AMD64,)


def test_a_build_is_told_apart_from_the_last_one_of_its_target() -> None:
    old = replace(AMD64.kept, inputs=replace(AMD64.inputs, build_args={"LINE": "1.9"}))
    plan = Plan((AMD64,)).with_staged({AMD64.staging: LastStaged(STAGED, old)})

    assert [each.reason for each in plan.needed] == ["build argument changed: LINE 1.9 -> 2.0/trixie"]


def test_what_could_not_be_asked_is_neither_built_nor_taken_for_built() -> None:
    error = UnavailableError("registry.example: 503", "and again")

    plan = Plan((S390X, AMD64)).with_staged({S390X.staging: error, AMD64.staging: STAGED})

    assert plan == Plan((replace(AMD64, staged=STAGED),), (Unknown(S390X.target, error),))
    assert (plan.needed, plan.code) == ((), ExitCode.UNAVAILABLE)
    assert plan.unknown[0].problem == "registry.example: 503; and again"


def test_work_that_must_not_guess_ends_where_anything_is_unknown() -> None:
    targets = (S390X.target, build("1.0/trixie@s390x").target)
    plan = Plan((AMD64,), tuple(Unknown(target, NotAuthorisedError("registry.example: 401")) for target in targets))

    with pytest.raises(NotAuthorisedError, match=r"^registry\.example: 401$"):
        plan.certain()
    assert Plan((AMD64,)).certain() == Plan((AMD64,))


def test_a_forced_plan_needs_everything_for_one_reason() -> None:
    forced = Plan((S390X, replace(AMD64, staged=STAGED))).forced("a new compiler")

    assert [each.reason for each in forced.needed] == ["forced: a new compiler; new", "forced: a new compiler"]


@pytest.mark.parametrize(
    ("one", "command"),
    [
        (AMD64, MAKE),
        (replace(AMD64, told=Told(build_args={"LINE": "1"})), f"{MAKE} BUILD_ARGS=LINE=1"),
        # What is not staged is built again without being forced.
        (replace(AMD64, forced="a new compiler"), MAKE),
        (
            replace(AMD64, forced="a new compiler", staged=STAGED),
            "orchestrator build 2.0/trixie@amd64 --force --reason 'a new compiler'",
        ),
    ],
)
def test_one_command_repeats_a_build(one: Build, command: str) -> None:
    assert one.make_command == command


def test_a_plan_tells_all_its_builds_what_its_run_was_told() -> None:
    told = Told(registry="registry.example", emulate=True)

    assert [each.told for each in Plan((AMD64, S390X)).as_told(told).builds] == [told, told]


def unselected(one: Build) -> Build:
    return replace(one, selected=False)


def test_a_build_needs_its_parents_only_when_it_is_built() -> None:
    assert (CHILD.needs, replace(CHILD, staged=STAGED).needs, AMD64.needs) == ((AMD64.target,), (), ())
    assert replace(CHILD, staged=STAGED, forced="a new compiler").needs == (AMD64.target,)


def test_a_build_on_its_parents_has_what_staging_has_of_them_among_its_bases() -> None:
    tied = replace(CHILD, bases=AMD64.bases).on({AMD64.target: STAGED})

    parent = ResolvedBase(Reference.parse("tool:2.0"), "amd64", AMD64.staging.pinned(STAGED), STAGED, "")
    assert tied == replace(CHILD, bases=(*AMD64.bases, parent))


def test_a_plan_knows_what_is_staged_of_parents() -> None:
    plan = Plan((AMD64, CHILD)).with_staged({AMD64.staging: STAGED})

    assert [(each.state, [parent.staged for parent in each.parents]) for each in plan.builds] == [
        (State.UP_TO_DATE, []),
        (State.NEEDED, [STAGED]),
    ]


def test_what_would_stand_on_something_unknown_is_unknown_and_what_is_staged_is_not() -> None:
    error = UnavailableError("503")
    staged = child("2.0/bookworm@amd64", AMD64)

    plan = Plan((AMD64, CHILD, GRANDCHILD, staged)).with_staged({AMD64.staging: error, staged.staging: STAGED})

    assert plan == Plan(
        (replace(staged, staged=STAGED),),
        (
            Unknown(AMD64.target, error),
            Unknown(CHILD.target, error, AMD64.target),
            Unknown(GRANDCHILD.target, error, CHILD.target),
        ),
    )
    assert [each.problem for each in plan.unknown] == [
        "503",
        "its parent 2.0/trixie@amd64 is unknown",
        "its parent 2.0/slim-trixie@amd64 is unknown",
    ]
    with pytest.raises(UnavailableError, match=r"^503$"):
        plan.certain()


@pytest.mark.parametrize(
    ("plan", "kept"),
    [
        # Nobody asked for the parents: they stay as far as something needed stands on them.
        (Plan((unselected(AMD64), unselected(CHILD), GRANDCHILD)), (AMD64, CHILD, GRANDCHILD)),
        (Plan((unselected(AMD64), replace(CHILD, staged=STAGED))), (CHILD,)),
        (Plan((unselected(AMD64), unselected(replace(CHILD, staged=STAGED)), GRANDCHILD)), (CHILD, GRANDCHILD)),
        (Plan((AMD64, replace(CHILD, staged=STAGED))), (AMD64, CHILD)),
        (Plan((unselected(AMD64), replace(CHILD, staged=STAGED))).forced("a new compiler"), (AMD64, CHILD)),
    ],
)
def test_parents_that_no_build_needs_are_not_in_the_plan(plan: Plan, kept: tuple[Build, ...]) -> None:
    assert [each.target for each in plan.without_idle().builds] == [each.target for each in kept]


def test_an_unknown_parent_stays_with_those_that_are_unknown_for_it() -> None:
    error = UnavailableError("503")
    parent = Unknown(AMD64.target, error, selected=False)
    plan = Plan((), (parent, Unknown(CHILD.target, error, AMD64.target)))

    assert plan.without_idle() == plan
    assert Plan((replace(CHILD, staged=STAGED),), (parent,)).without_idle().unknown == ()


def test_parents_that_nobody_asked_for_are_forced_by_nobody() -> None:
    plan = Plan((unselected(replace(AMD64, staged=STAGED)), CHILD)).forced("a new compiler")

    assert [each.forced for each in plan.builds] == ["", "a new compiler"]


def test_each_build_tells_what_it_blocks_and_for_whose_sake_it_is_there() -> None:
    plan = Plan((unselected(AMD64), CHILD, GRANDCHILD))

    assert plan.blocks == {
        AMD64.target: (CHILD.target, GRANDCHILD.target),
        CHILD.target: (GRANDCHILD.target,),
    }
    assert plan.needed_by == {AMD64.target: (CHILD.target,)}


def test_what_is_staged_blocks_nothing_and_what_is_unknown_does() -> None:
    error = UnavailableError("503")
    staged = Plan((replace(AMD64, staged=STAGED), CHILD))
    unknown = Plan((), (Unknown(AMD64.target, error), Unknown(CHILD.target, error, AMD64.target)))

    assert (staged.blocks, unknown.blocks) == ({}, {AMD64.target: (CHILD.target,)})
