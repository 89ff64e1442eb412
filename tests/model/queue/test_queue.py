import datetime as dt
from dataclasses import replace

import pytest

from orchestrator.errors import ExitCode, UnavailableError
from orchestrator.model.oci import digest_of
from orchestrator.model.plan import Build, Parent, Plan, Unknown
from orchestrator.model.queue import Blocked, Queue, Queued, queue
from orchestrator.model.queue.failing_builds import FailingBuild
from orchestrator.model.references import Reference
from tests.samples import build

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
A, B, C, D = (build(f"{line}.0/trixie@amd64") for line in (1, 2, 3, 4))
STAGED = digest_of(b"staged")
UNKNOWN = Unknown(A.target, UnavailableError("503"))


def parent_of(one: Build) -> Parent:
    return Parent(Reference.parse("tool:parent"), one.target, one.staging)


def failing(one: Build, failures: int, *, hours_ago: float) -> FailingBuild:
    last = NOW - dt.timedelta(hours=hours_ago)
    return FailingBuild(str(one.target), failures, last, last, ExitCode.BUILD_FAILED, "exit code: 7", "")


def test_without_failures_the_order_is_the_plans() -> None:
    assert queue(Plan((B, A, C)), {}, at=NOW) == Queue(NOW, due=(Queued(B), Queued(A), Queued(C)))


def test_what_is_staged_is_not_in_the_queue() -> None:
    staged = replace(A, staged=STAGED)

    assert queue(Plan((staged, B)), {A.build_id: failing(A, 1, hours_ago=1)}, at=NOW) == Queue(NOW, due=(Queued(B),))


def test_fewest_failures_come_first_then_what_was_not_tried_for_longest() -> None:
    memory = {
        A.build_id: failing(A, 2, hours_ago=9),
        B.build_id: failing(B, 1, hours_ago=1),
        C.build_id: failing(C, 1, hours_ago=2),
    }

    found = queue(Plan((A, B, C, D)), memory, at=NOW)

    due = (Queued(D), *(Queued(each, memory[each.build_id]) for each in (C, B, A)))
    assert found == Queue(NOW, due=due)


def test_what_failed_too_often_waits_and_what_is_due_first_stands_first() -> None:
    memory = {
        A.build_id: failing(A, 4, hours_ago=1),
        B.build_id: failing(B, 3, hours_ago=1),
        C.build_id: failing(C, 3, hours_ago=2),
    }

    found = queue(Plan((A, B, C)), memory, at=NOW)

    assert found.due == (Queued(C, memory[C.build_id]),)
    assert found.waiting == (Queued(B, memory[B.build_id]), Queued(A, memory[A.build_id]))


def test_what_a_wrong_clock_wrote_makes_nothing_wait() -> None:
    memory = {A.build_id: failing(A, 2, hours_ago=-10_000)}

    assert queue(Plan((A,)), memory, at=NOW) == Queue(NOW, due=(Queued(A),))


def test_targets_with_equal_inputs_are_one_build() -> None:
    twin = replace(A, target=B.target)

    assert queue(Plan((A, C, twin)), {}, at=NOW).due == (Queued(A), Queued(C))


def test_a_build_whose_parent_is_missing_is_blocked_however_seldom_it_failed() -> None:
    child = replace(B, parents=(parent_of(A), parent_of(C)))
    memory = {A.build_id: failing(A, 3, hours_ago=1)}

    found = queue(Plan((A, child, replace(C, staged=STAGED))), memory, at=NOW)

    waiting = Queued(A, memory[A.build_id])
    assert found == Queue(NOW, due=(), waiting=(waiting,), blocked=(Blocked(child, (A.target,)),))


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (Queue(NOW, due=()), ExitCode.DONE),
        (Queue(NOW, due=(Queued(A),), waiting=(Queued(B),)), ExitCode.DONE),
        (Queue(NOW, due=(), waiting=(Queued(B),)), ExitCode.INCOMPLETE),
        (Queue(NOW, due=(Queued(B),), unknown=(UNKNOWN,)), ExitCode.UNAVAILABLE),
        (Queue(NOW, due=(), waiting=(Queued(B),), unknown=(UNKNOWN,)), ExitCode.UNAVAILABLE),
    ],
)
def test_a_queue_in_which_all_waits_is_incomplete(found: Queue, code: ExitCode) -> None:
    assert found.code is code


@pytest.mark.parametrize(("count", "shown", "left_out"), [(None, 3, 0), (3, 3, 0), (2, 2, 1), (9, 3, 0)])
def test_only_the_first_ones_are_shown_and_the_rest_is_counted(count: int | None, shown: int, left_out: int) -> None:
    due = (Queued(A), Queued(B), Queued(C))

    assert Queue(NOW, due=due).first(count) == Queue(NOW, due=due[:shown], left_out=left_out)
