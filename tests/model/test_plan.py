import json
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from orchestrator.errors import ExitCode, NotAuthorisedError, UnavailableError
from orchestrator.model.build_id import build_id
from orchestrator.model.oci import digest_of
from orchestrator.model.plan import Build, Plan, State, Unknown
from orchestrator.model.reasons import LastStaged
from tests.samples import build

AMD64 = build("2.0/trixie@amd64")
S390X = build("2.0/trixie@s390x")
STAGED = digest_of(b"staged")


def with_arguments(**arguments: str) -> Build:
    return replace(AMD64, inputs=replace(AMD64.inputs, build_args=arguments))


def test_a_build_waits_in_staging_under_its_id() -> None:
    assert AMD64.build_id == build_id(AMD64.inputs)
    assert str(AMD64.staging) == f"registry.example/staging/staging-amd64:{AMD64.build_id}"
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
    assert plan.document()["builds"][1] == {
        "target": "2.0/trixie@s390x",
        "arch": "s390x",
        "platform": "linux/s390x",
        "build_id": None,
        "state": "unknown",
        "reason": "registry.example: 503; and again",
        "exit_code": 13,
    }


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
        (with_arguments(), "make build VERSION=2.0 VARIANT=trixie ARCH=amd64"),
        (with_arguments(B="2", A="x/y"), "make build VERSION=2.0 VARIANT=trixie ARCH=amd64 BUILD_ARGS='A=x/y B=2'"),
        (with_arguments(A="1"), "make build VERSION=2.0 VARIANT=trixie ARCH=amd64 BUILD_ARGS=A=1"),
        (
            with_arguments(FLAGS="-O2 -g", A="1"),
            "orchestrator build 2.0/trixie@amd64 --build-arg A=1 --build-arg 'FLAGS=-O2 -g'",
        ),
        (with_arguments(A="$HOME"), "orchestrator build 2.0/trixie@amd64 --build-arg 'A=$HOME'"),
        (with_arguments(A="#1"), "orchestrator build 2.0/trixie@amd64 --build-arg 'A=#1'"),
    ],
)
def test_one_command_repeats_a_build(one: Build, command: str) -> None:
    assert one.make_command == command


def test_the_document_says_all_that_was_decided() -> None:
    plan = Plan((replace(AMD64, staged=STAGED), S390X))

    digest = digest_of(b"s390x")
    assert plan.document()["schema"] == 1
    assert plan.document()["builds"][0]["staged"] == STAGED
    assert plan.document()["builds"][1] == {
        "target": "2.0/trixie@s390x",
        "arch": "s390x",
        "platform": "linux/s390x",
        "build_id": S390X.build_id,
        "state": "needed",
        "reason": "new",
        "reasons": [{"kind": "new", "what": "", "old": None, "new": None}],
        "staging": f"registry.example/staging/staging-s390x:{S390X.build_id}",
        "staged": None,
        "bases": [{"name": "busybox:trixie", "digest": digest, "pulled_from": f"docker.io/library/busybox@{digest}"}],
        "build_args": {"LINE": "2.0/trixie"},
        "directory": "dockerfiles/2.0/trixie",
        "inputs": S390X.inputs.document(),
    }


def test_the_same_plan_has_the_same_bytes() -> None:
    def text() -> str:
        return json.dumps(Plan((build("2.0/trixie@amd64"), build("1.0/slim-trixie@s390x"))).document(), indent=2)

    assert text() == text()
    assert AMD64.directory == PurePosixPath("dockerfiles/2.0/trixie")
