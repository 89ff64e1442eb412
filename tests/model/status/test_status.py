import datetime as dt
import json
from dataclasses import replace

import pytest

from orchestrator.errors import ExitCode, UnavailableError
from orchestrator.model.oci import digest_of
from orchestrator.model.outcomes import Outcome, Result, record
from orchestrator.model.plan import Build, Plan, Unknown
from orchestrator.model.plan.kept_inputs import KeptInputs
from orchestrator.model.plan.reasons import LastStaged
from orchestrator.model.publishing.live import Live
from orchestrator.model.queue.failing_builds import FailingBuild
from orchestrator.model.repositories import Repositories
from orchestrator.model.status import Cell, Failure, Here, Standing, Status, cells, with_public
from orchestrator.model.status.last_run import LastRun, Ran
from orchestrator.model.status.public_tags import Found, Places, Public, Publicity
from orchestrator.model.status.records import Record
from orchestrator.model.tags import Tags
from tests.samples import CONFIG, build, child

NOW = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
SINCE = NOW - dt.timedelta(hours=5)
STAGED = digest_of(b"staged")
A = build("2.0/trixie@amd64")
B = build("2.0/trixie@s390x")
OLD_INPUTS = KeptInputs(replace(A.inputs, builder="classic"), A.dockerfile)
STALE = replace(A, last=LastStaged("sha256:old", OLD_INPUTS))
REPOSITORIES = Repositories("registry.example", CONFIG)


def failing(one: Build, *, failures: int = 2) -> FailingBuild:
    return FailingBuild(str(one.target), failures, SINCE, NOW, ExitCode.BUILD_FAILED, "exit code: 7", "http://ci/7")


def recorded(one: Build, result: Result) -> Record:
    outcome = Outcome(str(one.target), one.target.arch, one.build_id, result, ExitCode.TEST_FAILED, "it is silent")
    return Record.read(json.dumps(record(replace(outcome, log="logs/it.log"), one, started=SINCE)))


def standings(plan: Plan, *, memory: dict[str, FailingBuild] | None = None, here: Here | None = None) -> list[str]:
    targets = [*(each.target for each in plan.builds), *(each.target for each in plan.unknown)]
    return [str(cell.standing) for cell in cells(targets, plan, memory or {}, here or Here(), at=NOW)]


@pytest.mark.parametrize(
    ("one", "expected", "why"),
    [
        (replace(A, staged=STAGED), Standing.UP_TO_DATE, ()),
        (A, Standing.MISSING, ("new",)),
        (
            replace(A, last=LastStaged("sha256:old", A.kept)),
            Standing.MISSING,
            ("missing in staging: the inputs are those of sha256:old",),
        ),
        (STALE, Standing.STALE, ("builder changed: kind classic -> buildkit",)),
        (
            replace(A, last=LastStaged("sha256:old", None, "it is damaged")),
            Standing.STALE,
            ("not staged: it is damaged",),
        ),
    ],
)
def test_what_staging_has_decides_where_nothing_was_tried(one: Build, expected: Standing, why: tuple[str, ...]) -> None:
    assert cells([one.target], Plan((one,)), {}, Here(), at=NOW) == (Cell(one.target, expected, why, one),)


def test_what_is_remembered_of_a_failure_is_told_with_the_end_of_the_log() -> None:
    here = Here(excerpts={A.build_id: ("no such file",)})

    (cell,) = cells([A.target], Plan((A,)), {A.build_id: failing(A)}, here, at=NOW)

    due = NOW + dt.timedelta(hours=1)
    failure = Failure(
        SINCE, NOW, 2, ExitCode.BUILD_FAILED, "exit code: 7", "http://ci/7", due=due, excerpt=("no such file",)
    )
    assert cell == Cell(A.target, Standing.FAILED, ("new",), A, failure=failure)


def test_a_failure_that_only_this_machine_knows_counts_as_one() -> None:
    of_it = recorded(A, Result.FAILED)

    (cell,) = cells([A.target], Plan((A,)), {}, Here({A.build_id: of_it}), at=NOW)

    failure = Failure(SINCE, SINCE, 1, ExitCode.TEST_FAILED, "it is silent", "out/logs/it.log")
    assert cell == Cell(A.target, Standing.FAILED, ("new",), A, failure=failure, record=of_it)


@pytest.mark.parametrize("result", [Result.INTERRUPTED, Result.NOT_RUN, Result.BLOCKED, Result.BUILT])
def test_what_did_not_fail_here_has_not_failed(result: Result) -> None:
    assert standings(Plan((A,)), here=Here({A.build_id: recorded(A, result)})) == ["missing"]


def test_what_nobody_tried_for_a_month_is_forgotten() -> None:
    long_ago = replace(failing(A), last=NOW - dt.timedelta(days=31))

    assert standings(Plan((A,)), memory={A.build_id: long_ago}) == ["missing"]


def test_what_is_staged_has_not_failed_whatever_is_remembered() -> None:
    staged = replace(A, staged=STAGED)
    here = Here({A.build_id: recorded(A, Result.FAILED)})

    assert standings(Plan((staged,)), memory={A.build_id: failing(A)}, here=here) == ["up to date"]


def test_what_stands_on_a_failed_build_is_blocked_and_so_is_what_stands_on_that() -> None:
    middle = child("3.0/trixie@amd64", A)
    last = child("4.0/trixie@amd64", middle)
    plan = Plan((A, middle, last))

    found = cells([last.target, middle.target], plan, {A.build_id: failing(A)}, Here(), at=NOW)

    assert [(cell.standing, cell.why[0]) for cell in found] == [
        (Standing.BLOCKED, "blocked by 3.0/trixie@amd64"),
        (Standing.BLOCKED, "blocked by 2.0/trixie@amd64"),
    ]


def test_what_stands_on_a_build_that_is_only_needed_is_not_blocked() -> None:
    assert standings(Plan((A, child("3.0/trixie@amd64", A)))) == ["missing", "missing"]


def test_what_is_being_built_says_so_though_it_failed_before() -> None:
    ran = Ran(str(STALE.target), "amd64", STALE.build_id, "default", SINCE + dt.timedelta(hours=4))
    here = Here(last_run=LastRun(SINCE, NOW, (ran,), is_over=False))

    (cell,) = cells([STALE.target], Plan((STALE,)), {STALE.build_id: failing(STALE)}, here, at=NOW)

    assert (cell.standing, cell.running) == (Standing.BUILDING, ran)


def test_what_cannot_be_looked_up_is_unknown_and_the_rest_is_not() -> None:
    error = UnavailableError("base: 503")
    plan = Plan((replace(A, staged=STAGED),), (Unknown(B.target, error),))

    assert cells([B.target, A.target], plan, {}, Here(), at=NOW) == (
        Cell(B.target, Standing.UNKNOWN, ("base: 503",)),
        Cell(A.target, Standing.UP_TO_DATE, build=plan.builds[0]),
    )


def test_the_status_counts_in_the_order_of_need_and_ends_by_what_is_unknown() -> None:
    found = Status(
        REPOSITORIES,
        NOW,
        (Cell(A.target, Standing.UP_TO_DATE), Cell(B.target, Standing.FAILED), Cell(A.target, Standing.UP_TO_DATE)),
        errors=(UnavailableError("503"), UnavailableError("503", "504")),
    )

    assert list(found.counts.items()) == [(Standing.FAILED, 1), (Standing.UP_TO_DATE, 2)]
    assert (found.code, found.problems) == (ExitCode.UNAVAILABLE, ("503", "504"))


def test_a_status_of_failures_is_a_good_answer() -> None:
    assert Status(REPOSITORIES, NOW, (Cell(B.target, Standing.FAILED),)).code is ExitCode.DONE


def test_registries_add_what_is_public_and_how_large_it_is() -> None:
    staged = replace(A, staged=STAGED)
    places = Places.of([A.target], {("2.0", A.target.facts.variant): Tags(("2.0-trixie",), ())}, REPOSITORIES)
    found = Found(
        tags=dict.fromkeys(places.every, Live()),
        images={A.target: STAGED},
        sizes={A.staging.pinned(STAGED): 7},
    )
    cell = Cell(A.target, Standing.UP_TO_DATE, build=staged)

    assert with_public([cell], places, found) == (
        replace(cell, public=Public(Publicity.ABSENT, places.own[A.target]), size=7),
    )
