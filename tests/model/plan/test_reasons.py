import hashlib
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.model.plan.build_id import parent_input
from orchestrator.model.plan.kept_inputs import KeptInputs
from orchestrator.model.plan.reasons import Kind, LastStaged, Reason, changes, reasons
from orchestrator.model.platforms import Platform
from tests.samples import DOCKERFILE, build

KEPT = build("2.0/trixie@amd64").kept
BASE = "busybox:trixie"
OLD = KEPT.inputs.bases[BASE]
NEW = f"sha256:{'2' * 64}"
PARENT = parent_input("1")


def with_text(text: str) -> KeptInputs:
    return KeptInputs(replace(KEPT.inputs, dockerfile=hashlib.sha256(text.encode()).hexdigest()), text)


def with_inputs(**inputs: Any) -> KeptInputs:
    return replace(KEPT, inputs=replace(KEPT.inputs, **inputs))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (KEPT, with_text(DOCKERFILE.replace("RUN tool", "RUN other")), ["Dockerfile changed: line 2 RUN other"]),
        (KEPT, with_text(DOCKERFILE + "# a remark\n"), ["Dockerfile changed: only comments or white space"]),
        (with_text("RUN <<EOF\n"), KEPT, ["Dockerfile changed"]),
        (replace(with_text("FROM x\n"), dockerfile=""), KEPT, ["Dockerfile changed"]),
        (with_inputs(files={"motd": "a"}), with_inputs(files={"motd": "b"}), ["context file changed: motd"]),
        (KEPT, with_inputs(files={"motd": "b"}), ["context file changed: motd (new)"]),
        (with_inputs(files={"motd": "a"}), KEPT, ["context file changed: motd (gone)"]),
        (
            with_inputs(build_args={"A": "yes", "B": "1"}),
            with_inputs(build_args={"A": "no", "C": "", "D": "a b"}),
            [
                "build argument changed: A yes -> no",
                "build argument changed: B 1 -> (none)",
                "build argument changed: C (none) -> ''",
                "build argument changed: D (none) -> 'a b'",
            ],
        ),
        (KEPT, with_inputs(bases={BASE: NEW}), [f"base moved: busybox:trixie {OLD} -> {NEW}"]),
        (
            with_inputs(bases={BASE: OLD, "tool:2": PARENT}),
            with_inputs(bases={BASE: NEW, "tool:2": "build:2"}),
            [f"base moved: busybox:trixie {OLD} -> {NEW}", "parent changed: tool:2 build:1 -> build:2"],
        ),
        (KEPT, with_inputs(bases={BASE: PARENT}), [f"parent changed: busybox:trixie {OLD} -> build:1"]),
        (with_inputs(bases={BASE: PARENT}), KEPT, [f"parent changed: busybox:trixie build:1 -> {OLD}"]),
        (KEPT, with_inputs(builder="classic"), ["builder changed: kind buildkit -> classic"]),
        (
            KEPT,
            with_inputs(platform=Platform("linux", "386")),
            ["builder changed: platform linux/amd64 -> linux/386"],
        ),
        (KEPT, KEPT, []),
    ],
)
def test_each_difference_is_told_with_its_name_and_values(
    old: KeptInputs, new: KeptInputs, expected: list[str]
) -> None:
    assert [str(change) for change in changes(old, new)] == expected


def test_several_differences_are_all_told_in_a_fixed_order() -> None:
    now = with_text(DOCKERFILE.replace("RUN tool", "RUN other"))
    now = replace(now, inputs=replace(now.inputs, bases={BASE: NEW}, files={"z": "1", "a": "1"}, build_args={}))

    assert [(change.kind, change.what) for change in changes(KEPT, now)] == [
        (Kind.DOCKERFILE, "line 2 RUN other"),
        (Kind.FILE, "a"),
        (Kind.FILE, "z"),
        (Kind.ARGUMENT, "LINE"),
        (Kind.BASE, BASE),
    ]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, "new"),
        (LastStaged(NEW, None), "not staged: the last staged build does not say what it was made from"),
        (LastStaged("", None, "503"), "not staged: 503"),
        (LastStaged(NEW, KEPT), f"missing in staging: the inputs are those of {NEW}"),
        (LastStaged(NEW, with_inputs(files={"motd": "a"})), "context file changed: motd (gone)"),
    ],
)
def test_what_is_not_staged_has_a_reason_whatever_was_staged_before(last: LastStaged | None, expected: str) -> None:
    assert [str(reason) for reason in reasons(last, KEPT)] == [expected]


def test_a_reason_keeps_its_values_apart() -> None:
    assert changes(KEPT, with_inputs(bases={BASE: NEW})) == (Reason(Kind.BASE, BASE, OLD, NEW),)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason(Kind.FORCED, "two\nlines"), r"forced: two\nlines"),
        (Reason(Kind.FILE, "\x1b[31m", None, "a"), r"context file changed: \x1b[31m (new)"),
        (Reason(Kind.ARGUMENT, "A", None, "two\nlines"), r"build argument changed: A (none) -> 'two\nlines'"),
    ],
)
def test_a_reason_is_told_on_one_line(reason: Reason, expected: str) -> None:
    assert str(reason) == expected
