import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pytest
import structlog

from orchestrator import __version__
from orchestrator.errors import ExitCode, LocalOutputError
from orchestrator.model.outcomes import Again, Outcome, Result
from orchestrator.model.plan import Plan
from orchestrator.model.solve import Progress, Vertex
from orchestrator.tools.events import Events, events_file, is_being_written, to_stderr
from tests.samples import build

BUILD = build("2.0/trixie@s390x")
READY = build("2.0/trixie@amd64", staged="sha256:" + "a" * 64)
NOW = dt.datetime(2026, 2, 3, 4, 5, 6, 789_000, tzinfo=dt.UTC)
TIME = "2026-02-03T04:05:06.789+00:00"
NAMES = {"target": "2.0/trixie@s390x", "arch": "s390x", "build_id": BUILD.build_id}


class Told:
    """Events, and what they wrote."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.events = Events((self.lines.append,), now=lambda: NOW)

    @property
    def documents(self) -> list[Any]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def told() -> Told:
    return Told()


def vertex(name: str, *, is_completed: bool = False, is_cached: bool = False) -> Vertex:
    return Vertex(name, name, is_started=True, is_completed=is_completed, is_cached=is_cached, error="")


def test_a_run_begins_with_itself_and_its_plan(told: Told) -> None:
    told.events.run(Plan((READY, BUILD)))

    planned = {"time": TIME, "event": "planned"}
    assert told.documents == [
        {"time": TIME, "event": "run", "schema": 1, "version": __version__, "builds": 2, "needed": 1},
        planned
        | {"target": "2.0/trixie@amd64", "arch": "amd64", "build_id": READY.build_id}
        | {"state": "up to date", "reason": ""},
        planned | NAMES | {"state": "needed", "reason": BUILD.reason},
    ]


def test_a_start_names_the_builder_where_it_is_known(told: Told) -> None:
    told.events.on({NAMES["target"]: "arm-host"})

    told.events.started(BUILD)
    told.events.started(READY)

    assert [document.get("builder") for document in told.documents] == ["arm-host", None]


def test_a_build_is_followed_from_its_start_to_its_end(told: Told) -> None:
    told.events.started(BUILD)
    told.events.line(BUILD, "checking for gcc... yes")
    told.events.phase(BUILD, "pushing")
    told.events.retried(BUILD, Again(2, 5.5, "connection refused"))
    told.events.finished(
        Outcome("2.0/trixie@s390x", "s390x", BUILD.build_id, Result.FAILED, ExitCode.UNAVAILABLE, "lost", attempts=3)
    )

    assert told.documents == [
        {"time": TIME, "event": "started", **NAMES},
        {"time": TIME, "event": "phase", **NAMES, "name": "pushing"},
        {
            "time": TIME,
            "event": "retried",
            **NAMES,
            "attempt": 2,
            "wait_seconds": 5.5,
            "reason": "connection refused",
        },
        {
            "time": TIME,
            "event": "finished",
            **NAMES,
            "result": "failed",
            "exit_code": 13,
            "seconds": 0.0,
            "attempts": 3,
            "detail": "lost",
            "place": None,
            "digest": None,
        },
    ]


def test_what_is_pushed_is_told_when_all_of_it_has_arrived(told: Told) -> None:
    told.events.pushed(BUILD, 12_300_000, 45_600_000)
    told.events.pushed(BUILD, 45_600_000, 45_600_000)

    assert told.documents == [{"time": TIME, "event": "pushed", **NAMES, "bytes": 45_600_000}]


def test_a_step_is_told_once_in_each_attempt(told: Told) -> None:
    steps = Progress().after(vertex("[1/3] COPY x y", is_completed=True, is_cached=True))
    told.events.moved(BUILD, steps)
    one = steps.after(vertex("[2/3] RUN make"))
    told.events.moved(BUILD, one)
    other = one.after(vertex("[other 1/1] RUN tool"))
    told.events.moved(BUILD, other)
    told.events.moved(BUILD, one)
    told.events.retried(BUILD, Again(2, 5.5, "lost"))
    told.events.moved(BUILD, one)

    steps_told = [(each["name"], each["done"], each["known"]) for each in told.documents if each["event"] == "step"]
    assert steps_told == [("2/3 RUN make", 1, 2), ("1/1 RUN tool", 1, 3), ("2/3 RUN make", 1, 2)]


def test_an_event_is_one_line_whatever_it_says(told: Told) -> None:
    told.events.retried(BUILD, Again(2, 5.5, "one\ntwo\u2028grün"))

    [line] = told.lines
    assert (len(line.splitlines()), json.loads(line)["reason"]) == (1, "one\ntwo\u2028grün")


def test_a_new_run_starts_the_file_anew_and_an_older_one_keeps_its_own(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with events_file(out) as older:
        older("one\n")
        kept = (out / "events.jsonl").open(encoding="utf-8")
        with events_file(out) as newer:
            older("two\n")
            newer("three\n")

    with kept:
        assert (kept.read(), (out / "events.jsonl").read_text()) == ("one\ntwo\n", "three\n")
    assert [path.name for path in out.iterdir()] == ["events.jsonl"]


def test_a_line_is_in_the_file_at_once(tmp_path: Path) -> None:
    with events_file(tmp_path) as append:
        append("one\n")

        assert (tmp_path / "events.jsonl").read_text() == "one\n"


def test_a_file_that_cannot_be_made_is_told_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "out").touch()

    with pytest.raises(LocalOutputError, match=r"out/events\.jsonl: .*; free some space or mend its rights"):
        events_file(tmp_path / "out").__enter__()


def test_a_disk_that_gets_full_ends_no_build_but_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    with structlog.testing.capture_logs() as logged, events_file(tmp_path) as append:
        monkeypatch.setattr(os, "write", full)
        append("one\n")
        append("two\n")
        monkeypatch.undo()

    assert [(entry["event"], entry["reason"]) for entry in logged] == [
        ("events are missing", "No space left on device"),
    ]


def test_events_go_to_stderr_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    to_stderr('{"event": "run"}\n')

    assert capsys.readouterr() == ("", '{"event": "run"}\n')


def test_a_file_of_events_is_written_as_long_as_its_run_lives(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    before = is_being_written(path)

    with events_file(tmp_path):
        during = is_being_written(path)

    assert (before, during, is_being_written(path)) == (False, True, False)
