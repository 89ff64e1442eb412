"""Tests of what a tag named at a moment."""

import datetime as dt

import pytest

from orchestrator.model.publishing.journal import Entry, Journal
from orchestrator.model.references import Reference
from orchestrator.model.report.dates import digest_at, moment

TAG = Reference.parse("registry.example/library/tool:1.0")


def run(day: int, before: str, after: str, *, is_done: bool = True, tag: Reference = TAG) -> Journal:
    began = dt.datetime(2026, 1, day, 12, tzinfo=dt.UTC)
    return Journal(f"run {day}", "publish", began, "me", "1", (Entry(tag, before, after, is_done),))


RUNS = (run(20, "two", "three"), run(10, "one", "two"), run(5, "one", "lost", is_done=False))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-25", "three"),
        ("2026-01-20", "three"),
        ("2026-01-20T11:59", "two"),
        ("2026-01-20T14:30+02:00", "three"),
        ("2026-01-19", "two"),
        ("2026-01-07", "one"),
        ("2025-01-01", "one"),
    ],
)
def test_the_last_run_before_a_moment_tells_what_a_tag_named(text: str, expected: str) -> None:
    assert digest_at(RUNS, TAG, moment(text)) == expected


def test_runs_of_other_tags_tell_nothing() -> None:
    other = Reference.parse("registry.example/library/tool:2.0")

    assert digest_at(RUNS, other, moment("2026-01-25")) == ""


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "2026-01-31T25:00"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no date; write it like 2026-01-31"):
        moment(text)
