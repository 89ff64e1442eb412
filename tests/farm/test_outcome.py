import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.farm.controller import SUCCESS, Run
from tests.farm.outcome import Outcome, built, queued, spans
from tests.farm.timeline import Span, mark
from tests.fault_rules import Seen

TARGET = "2.0/trixie@s390x"
BUILD: Mapping[str, Any] = {"target": TARGET, "arch": "s390x", "build_id": "one"}


def run(root: Path, job: str, *events: Mapping[str, Any], agent: str = "host", began: float = 0.0) -> Run:
    """A run of 100 seconds that kept these events."""
    kept = root / job / agent
    (kept / "out").mkdir(parents=True)
    (kept / "out" / "events.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in events))
    return Run(job, 1, agent=agent, began=began, ended=began + 100, result=SUCCESS, codes=(0,), kept=kept)


def event(name: str, seconds: int, **more: str) -> dict[str, Any]:
    return {**BUILD, "event": name, "time": f"1970-01-01T00:00:{seconds:02}.000+00:00", **more}


def put(path: str, at: float, *, status: int = 201) -> Seen:
    return Seen(at, "PUT", f"/v2/{path}", "", "", "", status)


def test_a_build_counts_once_it_was_made(tmp_path: Path) -> None:
    made = run(tmp_path, "s390x/build", event("started", 1), event("finished", 2, result="built"))
    failed = run(tmp_path, "s390x/build", event("finished", 3, result="failed"), agent="other")
    found = run(tmp_path, "amd64/build", event("finished", 4, result="up-to-date"))

    assert built([made, failed, found]) == {"one": 1}
    assert built([made, replace(made)]) == {"one": 2}


def test_the_timeline_has_jobs_builds_and_each_move_of_a_public_tag(tmp_path: Path) -> None:
    events = (event("started", 10), event("finished", 20, result="built"))
    building = run(tmp_path, "s390x/build", *events)
    publishing = run(tmp_path, "publish", agent="control", began=50.0)
    seen = (
        put("staging/farm/staging-s390x/manifests/one", 1.0),
        put("s390x/farm/manifests/sha256:00", 2.0),
        put("s390x/farm/manifests/trixie", 3.0, status=429),
        put("s390x/farm/manifests/trixie", 4.0),
        put("library/farm/manifests/trixie", 40.0),
    )

    drawn = spans([building, publishing, Run("amd64/build", 1)], seen, offset=20.0)

    assert drawn == (
        Span("host", "-", 0.0, 100.0),
        Span("control", "-", 50.0, 150.0),
        Span("host", "#", 10.0, 20.0, "s390x"),
        mark("host", "A", 24.0),
        mark("control", "S", 60.0),
    )


def test_a_build_that_was_never_done_is_no_build(tmp_path: Path) -> None:
    lost = run(tmp_path, "s390x/build", event("started", 10))

    assert spans([lost], (), offset=0.0) == (Span("host", "-", 0.0, 100.0),)


def test_what_a_trigger_found_is_what_its_queue_names(tmp_path: Path) -> None:
    trigger = run(tmp_path, "s390x/trigger")
    (trigger.kept / "out" / "queue.json").write_text(json.dumps({"queue": [{"target": TARGET}]}))

    assert queued(trigger) == [TARGET]
    assert queued(run(tmp_path, "publish")) == []


GOOD = Outcome(
    shared={"latest": ("linux/s390x",)},
    verified=0,
    built={"one": 1},
    staged=frozenset({"one"}),
    refused=(),
    last=(Run("publish", 1, result=SUCCESS),),
    throttled=0,
    spans=(),
)


@pytest.mark.parametrize(
    ("ended", "is_good"),
    [
        (GOOD, True),
        (replace(GOOD, shared={"latest": ()}), False),
        (replace(GOOD, verified=22), False),
        (replace(GOOD, built={"one": 2}), False),
        (replace(GOOD, built={}), False),
        (replace(GOOD, staged=frozenset({"one", "two"})), False),
        (replace(GOOD, last=(Run("publish", 1, result="UNSTABLE"),)), False),
    ],
)
def test_a_day_is_good_when_everything_is_there_and_was_made_once(ended: Outcome, is_good: bool) -> None:
    assert ended.is_good is is_good
