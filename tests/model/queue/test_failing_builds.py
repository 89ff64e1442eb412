import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import ExitCode
from orchestrator.model.outcomes import Outcome, Result
from orchestrator.model.queue.failing_builds import FailingBuild, Run, after, credible, is_own_failure

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ID = "0a" * 32
OTHER_ID = "0b" * 32
TARGET = "2.0/trixie@amd64"


def failed(build_id: str = ID, *, target: str = TARGET, code: ExitCode = ExitCode.BUILD_FAILED) -> Outcome:
    return Outcome(target, "amd64", build_id, Result.FAILED, code, "exit code: 7", log="logs/it.log")


def ended(build_id: str = ID, result: Result = Result.BUILT, *, target: str = TARGET) -> Outcome:
    return Outcome(target, "amd64", build_id, result)


def failing(
    failures: int = 1, *, target: str = TARGET, since: dt.datetime = NOON, last: dt.datetime = NOON
) -> FailingBuild:
    return FailingBuild(target, failures, since, last, ExitCode.BUILD_FAILED, "exit code: 7", "out/logs/it.log")


@pytest.mark.parametrize(
    ("failures", "hours"),
    [(1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (6, 16), (7, 32), (8, 32), (100, 32)],
)
def test_a_build_is_tried_twice_at_once_and_then_ever_more_seldom(failures: int, hours: int) -> None:
    assert failing(failures).due == NOON + hours * HOUR


@pytest.mark.parametrize("code", list(ExitCode))
def test_only_what_other_machines_would_find_too_counts(code: ExitCode) -> None:
    counts = code in {ExitCode.BUILD_FAILED, ExitCode.TEST_FAILED, ExitCode.CONTRACT_BROKEN}

    assert is_own_failure(failed(code=code)) is counts


@pytest.mark.parametrize("result", [result for result in Result if result is not Result.FAILED])
def test_what_did_not_fail_never_counts(result: Result) -> None:
    assert not is_own_failure(replace(failed(), result=result))


@pytest.mark.parametrize(
    ("outcomes", "has_news"),
    [
        ([], False),
        ([ended(result=Result.UP_TO_DATE)], False),
        ([failed(code=ExitCode.UNAVAILABLE)], False),
        ([ended(result=Result.UP_TO_DATE), failed(OTHER_ID)], True),
        ([ended()], True),
    ],
)
def test_a_run_in_which_nothing_ended_for_good_has_no_news(outcomes: Sequence[Outcome], has_news: bool) -> None:
    assert Run(outcomes, NOON).has_news is has_news


def test_a_first_failure_is_remembered_with_its_cause_and_log() -> None:
    at = NOON.replace(microsecond=7)

    assert after({}, Run([failed()], at)) == {ID: failing()}


def test_a_cause_says_where_it_failed() -> None:
    remembered = after({}, Run([replace(failed(), detail="2/2 RUN make: exit code: 2", place="d/Dockerfile:7")], NOON))

    assert remembered[ID].cause == "d/Dockerfile:7: 2/2 RUN make: exit code: 2"


def test_each_further_failure_counts_from_the_first_one() -> None:
    later = NOON + HOUR

    remembered = after({ID: failing(3)}, Run([failed(code=ExitCode.TEST_FAILED)], later, job="http://ci/job/7"))

    expected = replace(failing(4, last=later), code=ExitCode.TEST_FAILED, log="http://ci/job/7")
    assert remembered == {ID: expected}


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(ended(), id="built"),
        pytest.param(ended(result=Result.UP_TO_DATE), id="staged by another run"),
        pytest.param(ended(OTHER_ID), id="built from other inputs"),
        pytest.param(ended(OTHER_ID, Result.INTERRUPTED), id="wanted with other inputs"),
    ],
)
def test_a_build_that_is_staged_or_no_more_wanted_is_forgotten(outcome: Outcome) -> None:
    assert after({ID: failing()}, Run([outcome], NOON)) == {}


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(failed(code=ExitCode.UNAVAILABLE), id="lost builder"),
        pytest.param(ended(result=Result.INTERRUPTED), id="interrupted"),
        pytest.param(ended(result=Result.NOT_RUN), id="not tried"),
        pytest.param(failed("", code=ExitCode.UNAVAILABLE), id="unknown"),
        pytest.param(ended(OTHER_ID, target="1.0/trixie@amd64"), id="another target"),
    ],
)
def test_a_build_of_which_a_run_says_nothing_stays_as_it_was(outcome: Outcome) -> None:
    assert after({ID: failing(2)}, Run([outcome], NOON)) == {ID: failing(2)}


@pytest.mark.parametrize(
    ("last", "is_credible"),
    [
        (NOON - dt.timedelta(days=30), True),
        (NOON - dt.timedelta(days=30, seconds=1), False),
        (NOON + 32 * HOUR, True),
        (NOON + 32 * HOUR + dt.timedelta(seconds=1), False),
    ],
)
def test_what_is_long_ago_or_far_ahead_is_not_believed(last: dt.datetime, is_credible: bool) -> None:
    memory = {ID: failing(7, last=last)}

    assert credible(memory, at=NOON) == (memory if is_credible else {})
    assert after(memory, Run([], NOON)) == (memory if is_credible else {})


def test_a_cause_is_one_line_that_moves_no_cursor() -> None:
    told = replace(failed(), detail="smoke test a: no\n\n  \x1b[31msmoke test b\x1b[0m\u202e\n" + "x" * 400)

    [remembered] = after({}, Run([told], NOON)).values()

    assert remembered.cause.startswith("smoke test a: no;  [31msmoke test b [0m ; xxx")
    assert (len(remembered.cause), remembered.cause[-4:]) == (303, "x...")


_IDS = st.sampled_from([ID, OTHER_ID])
_OUTCOMES = st.builds(
    Outcome,
    target=st.sampled_from([TARGET, "1.0/trixie@amd64"]),
    arch=st.just("amd64"),
    build_id=_IDS,
    result=st.sampled_from(Result),
    code=st.sampled_from([ExitCode.DONE, ExitCode.BUILD_FAILED, ExitCode.UNAVAILABLE]),
)
_MEMORIES = st.dictionaries(
    _IDS,
    st.builds(
        failing,
        st.integers(1, 9),
        last=st.datetimes(dt.datetime(2025, 11, 1)).map(lambda at: at.replace(tzinfo=dt.UTC)),
    ),
)


@given(memory=_MEMORIES, outcomes=st.lists(_OUTCOMES, max_size=3, unique_by=lambda outcome: outcome.target))
def test_telling_of_a_run_twice_changes_nothing_more(memory: dict[str, FailingBuild], outcomes: list[Outcome]) -> None:
    run = Run(outcomes, NOON)

    assert after(after(memory, run), run) == after(memory, run)
