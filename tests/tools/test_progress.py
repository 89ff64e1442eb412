"""The live table as text, and the lines that take its place in logs."""

import io
from dataclasses import dataclass

import pytest
from rich.console import Console

from orchestrator.errors import ExitCode
from orchestrator.model.outcomes import Outcome, Result
from orchestrator.model.solve import Progress, Vertex
from orchestrator.tools.attempts import Again
from orchestrator.tools.progress import Lines, LiveTable
from tests.samples import build


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def drawn(table: LiveTable, *, width: int, height: int) -> list[str]:
    """The lines of the table on a terminal of that size."""
    file = io.StringIO()
    Console(file=file, width=width, height=height, color_system=None).print(table)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def outcome(name: str, result: Result = Result.BUILT, detail: str = "") -> Outcome:
    code = ExitCode.DONE if result is Result.BUILT else ExitCode.BUILD_FAILED
    return Outcome(name, name.partition("@")[2], "", result, code, detail, seconds=3.25)


def step(name: str, *, is_completed: bool = False) -> Vertex:
    return Vertex(name, name, is_started=True, is_completed=is_completed, is_cached=False, error="")


def test_what_runs_shows_its_step_and_the_time_it_has_taken() -> None:
    clock = Clock()
    table = LiveTable(total=2, clock=clock)
    table.started(build("2.0/trixie@amd64"))
    table.started(build("2.0/trixie@s390x"))
    done = Progress().after(step("[linux/amd64 1/3] COPY x y", is_completed=True))
    table.moved(build("2.0/trixie@amd64"), done.after(step("[linux/amd64 2/3] RUN set -eux; \\\n  make  all")))
    table.phase(build("2.0/trixie@s390x"), "testing")
    clock.seconds = 75

    assert drawn(table, width=80, height=24) == [
        "2.0/trixie@amd64  2/3 RUN set -eux; \\ make all                              1:15",
        "2.0/trixie@s390x  testing                                                   1:15",
        "0 of 2 done, 2 running, 0 waiting",
    ]


def test_before_its_first_step_a_build_says_why_it_is_built() -> None:
    table = LiveTable(total=1, clock=Clock())
    table.started(build("2.0/trixie@amd64", forced="packages are old"))

    assert "forced: packages are old" in drawn(table, width=80, height=24)[0]


def test_between_two_attempts_it_says_what_it_waits_for() -> None:
    table = LiveTable(total=1, clock=Clock())
    table.started(build("2.0/trixie@amd64"))
    table.retried(build("2.0/trixie@amd64"), Again(2, 5.5, "connection refused\nby everybody"))

    assert drawn(table, width=80, height=24)[0].startswith("2.0/trixie@amd64  attempt 2 in 5.5 s: connection refused  ")


@pytest.mark.parametrize("text", ["[red]x[/red]", "[/x]", "RUN [ -f x ]", "[[ a ]]"])
def test_what_a_dockerfile_says_is_no_markup(text: str) -> None:
    table = LiveTable(total=2, clock=Clock())
    table.started(build("2.0/trixie@amd64"))
    table.moved(build("2.0/trixie@amd64"), Progress().after(step(f"[1/1] {text}")))
    table.finished(outcome("1.0/trixie@amd64", Result.FAILED, text))

    assert [text in line for line in drawn(table, width=80, height=24)] == [True, True, False]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (40, 6), (20, 3)])
def test_the_table_of_a_large_run_fits_its_terminal(width: int, height: int) -> None:
    table = LiveTable(total=282, clock=Clock())
    names = [f"3.{number}/windowsservercore-ltsc2025@arm64v8" for number in range(282)]
    for name in names[:100]:
        table.started(build(name))
        table.finished(outcome(name))
    for name in names[100:110]:
        table.started(build(name))
        table.finished(outcome(name, Result.FAILED, "a reason that is longer than any line of a terminal " * 8))
    for name in names[110:170]:
        table.started(build(name))

    lines = drawn(table, width=width, height=height)

    assert (len(lines) < height, max(map(len, lines)) <= width) == (True, True)
    assert lines[-1].startswith("110 of 282 done"[: width - 1])


def test_more_running_builds_than_lines_are_counted() -> None:
    table = LiveTable(total=30, clock=Clock())
    for number in range(30):
        table.started(build(f"3.{number}/trixie@amd64"))

    lines = drawn(table, width=80, height=10)

    assert [line.partition(" ")[0] for line in lines[:7]] == [f"3.{number}/trixie@amd64" for number in range(7)]
    assert lines[7:] == ["and 23 more", "0 of 30 done, 30 running, 0 waiting"]


def test_failed_builds_stay_in_sight_while_others_pass() -> None:
    table = LiveTable(total=30, clock=Clock())
    table.finished(outcome("2.0/trixie@s390x", Result.FAILED, "exit code: 7\nmore of it"))
    for number in range(20):
        table.finished(outcome(f"3.{number}/trixie@amd64"))

    lines = drawn(table, width=80, height=24)

    assert lines[0].split() == ["2.0/trixie@s390x", "failed", "exit", "code:", "7", "3.2", "s"]
    assert [line.split()[0] for line in lines[1:-1]] == [f"3.{number}/trixie@amd64" for number in range(12, 20)]
    assert lines[-1] == "21 of 30 done, 20 built, 1 failed, 0 running, 9 waiting"


def test_of_a_long_failure_the_end_is_shown_too() -> None:
    table = LiveTable(total=1, clock=Clock())
    command = "2/3 RUN ./configure --enable-optimizations --enable-shared && make --jobs 8 && make install"
    table.finished(outcome("2.0/trixie@s390x", Result.FAILED, f"{command}: exit code: 77"))

    assert drawn(table, width=80, height=24)[0] == (
        "2.0/trixie@s390x  failed 2/3 RUN ./configure --enable-opt… exit code: 77   3.2 s"
    )


def test_lines_say_which_build_they_belong_to() -> None:
    file = io.StringIO()
    lines = Lines(file)
    first, second = build("2.0/trixie@amd64"), build("2.0/trixie@s390x", forced="packages are old")

    lines.started(first)
    lines.started(second)
    lines.line(first, "checking for gcc... yes")
    lines.moved(first, Progress())
    lines.phase(second, "testing")
    lines.retried(first, Again(2, 5.5, "connection refused\nby everybody"))
    lines.finished(outcome("2.0/trixie@amd64"))
    lines.finished(outcome("2.0/trixie@s390x", Result.FAILED, "smoke test a: no\nsmoke test b: no"))

    assert file.getvalue().splitlines() == [
        f"2.0/trixie@amd64 | started: {first.reason}",
        f"2.0/trixie@s390x | started: {second.reason}",
        "2.0/trixie@amd64 | checking for gcc... yes",
        "2.0/trixie@s390x | testing",
        "2.0/trixie@amd64 | attempt 2 in 5.5 s: connection refused",
        "2.0/trixie@amd64 | by everybody",
        "2.0/trixie@amd64 | built in 3.2 s",
        "2.0/trixie@s390x | failed in 3.2 s: smoke test a: no",
        "2.0/trixie@s390x | smoke test b: no",
    ]


def test_a_reader_that_went_away_ends_no_build() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    Lines(Closed()).line(build("2.0/trixie@amd64"), "checking for gcc... yes")
