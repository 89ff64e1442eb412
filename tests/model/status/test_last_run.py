import datetime as dt
import json
from typing import Any

import pytest

from orchestrator.model.status.last_run import LastRun, Ran

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
NAMES = {"target": "2.0/trixie@amd64", "arch": "amd64", "build_id": "0a"}
STARTED = Ran("2.0/trixie@amd64", "amd64", "0a", "arm-host", NOON)


def line(event: str, minute: int = 0, **facts: Any) -> str:
    time = NOON + dt.timedelta(minutes=minute)
    return json.dumps({"time": time.isoformat(), "event": event, **facts})


RUN = line("run", schema=1, builds=2)


def test_a_build_that_ended_has_its_span_and_what_became_of_it() -> None:
    ended = line("finished", 2, **NAMES, result="failed", attempts=2, detail="exit code: 7", exit_code=10)

    found = LastRun.of(
        (RUN, line("started", 0, **NAMES, builder="arm-host"), line("phase", 1, name="test"), ended), is_over=False
    )

    end = NOON + dt.timedelta(minutes=2)
    ran = Ran("2.0/trixie@amd64", "amd64", "0a", "arm-host", NOON, end, "failed", 2, "exit code: 7")
    assert found == LastRun(NOON, end, (ran,), is_over=False)


@pytest.mark.parametrize("strange", ["{", "[]", '{"time": "noon", "event": "started"}', '{"event": "started"}', ""])
def test_a_line_that_cannot_be_read_keeps_none_of_the_others(strange: str) -> None:
    found = LastRun.of((RUN, line("started", 0, **NAMES, builder="arm-host"), strange), is_over=False)

    assert found == LastRun(NOON, NOON, (STARTED,), is_over=False)


def test_what_was_not_started_was_not_built() -> None:
    assert LastRun.of((RUN, line("finished", 1, **NAMES, result="blocked")), is_over=False) == LastRun(
        NOON, NOON + dt.timedelta(minutes=1), (), is_over=False
    )


def test_without_events_there_was_no_run() -> None:
    assert LastRun.of((), is_over=False) is None


ENDED = Ran("2.0/trixie@s390x", "s390x", "0b", "", NOON, NOON, "built")


def test_what_has_no_end_is_running() -> None:
    assert LastRun(NOON, NOON, (STARTED, ENDED), is_over=False).running == {"0a": STARTED}


def test_nothing_runs_in_a_run_that_was_killed() -> None:
    assert LastRun(NOON, NOON, (STARTED, ENDED), is_over=True).running == {}
