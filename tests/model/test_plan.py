import json
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from orchestrator.model.build_id import build_id
from orchestrator.model.oci import digest_of
from orchestrator.model.plan import Build, Plan, State
from tests.samples import build

AMD64 = build("2.0/trixie@amd64")
S390X = build("2.0/trixie@s390x")
STAGED = digest_of(b"staged")


def with_arguments(**arguments: str) -> Build:
    return replace(AMD64, inputs=replace(AMD64.inputs, build_args=arguments))


def test_a_build_waits_in_staging_under_its_id() -> None:
    assert AMD64.build_id == build_id(AMD64.inputs)
    assert str(AMD64.staging) == f"registry.example/staging/staging-amd64:{AMD64.build_id}"


@pytest.mark.parametrize(
    ("staged", "forced", "state", "reason"),
    [
        ("", "", State.NEEDED, f"nothing is staged under {AMD64.build_id[:12]}"),
        (STAGED, "", State.UP_TO_DATE, ""),
        (STAGED, "a new compiler", State.NEEDED, "forced: a new compiler"),
        ("", "a new compiler", State.NEEDED, "forced: a new compiler"),
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


def test_a_forced_plan_needs_everything_for_one_reason() -> None:
    forced = Plan((S390X, replace(AMD64, staged=STAGED))).forced("a new compiler")

    assert [each.reason for each in forced.needed] == ["forced: a new compiler"] * 2


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
        "reason": f"nothing is staged under {S390X.build_id[:12]}",
        "staging": f"registry.example/staging/staging-s390x:{S390X.build_id}",
        "staged": None,
        "bases": [{"name": "busybox:trixie", "digest": digest, "pulled_from": f"docker.io/library/busybox@{digest}"}],
        "build_args": {"LINE": "2.0/trixie"},
        "directory": "dockerfiles/2.0/trixie",
    }


def test_the_same_plan_has_the_same_bytes() -> None:
    def text() -> str:
        return json.dumps(Plan((build("2.0/trixie@amd64"), build("1.0/slim-trixie@s390x"))).document(), indent=2)

    assert text() == text()
    assert AMD64.directory == PurePosixPath("dockerfiles/2.0/trixie")
