"""The live table as text, on terminals of several sizes."""

import io
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest
from rich.console import Console

from orchestrator.errors import ExitCode
from orchestrator.model.outcomes import Again, Outcome, Result
from orchestrator.model.solve import Progress, Vertex
from orchestrator.tools.live_table import LiveTable
from tests.samples import build


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def table_of(names: Iterable[str], clock: Clock | None = None) -> LiveTable:
    """A table of a run that has these builds, all for one builder."""
    return LiveTable(queue=dict.fromkeys(names, "default"), clock=clock or Clock())


def numbered(count: int, variant: str = "trixie@amd64") -> list[str]:
    return [f"3.{number}/{variant}" for number in range(count)]


def drawn(table: LiveTable, *, width: int, height: int) -> list[str]:
    """The lines of the table on a terminal of that size."""
    file = io.StringIO()
    Console(file=file, width=width, height=height, color_system=None).print(table)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def outcome(name: str, result: Result = Result.BUILT, detail: str = "") -> Outcome:
    code = ExitCode.DONE if result is Result.BUILT else ExitCode.BUILD_FAILED
    return Outcome(name, name.partition("@")[2], "", result, code, detail, seconds=3.25)


def step(name: str, *, is_completed: bool = False, is_cached: bool = False) -> Vertex:
    return Vertex(name, name, is_started=True, is_completed=is_completed, is_cached=is_cached, error="")


def busy(clock: Clock) -> LiveTable:
    """Four builds on two builders: one ended, one runs, one is pushed, one waits."""
    names = ["1.0/trixie@amd64", "2.0/trixie@amd64", "2.0/trixie@s390x", "2.0/trixie@ppc64le"]
    table = LiveTable(queue=dict(zip(names, ("default", "default", "s390x", "default"), strict=True)), clock=clock)
    ended = outcome(names[0])
    table.finished(replace(ended, steps=9, cached_steps=4, size=45_600_000))
    table.started(build(names[1]))
    done = Progress().after(step("[linux/amd64 1/3] COPY x y", is_completed=True, is_cached=True))
    table.moved(build(names[1]), done.after(step("[linux/amd64 2/3] RUN set -eux; \\\n  make  all")))
    table.started(build(names[2]))
    table.phase(build(names[2]), "pushing")
    table.pushed(build(names[2]), 12_300_000, 45_600_000)
    clock.seconds = 75
    return table


def test_on_a_narrow_terminal_a_build_has_a_line_of_three_columns() -> None:
    assert drawn(busy(Clock()), width=80, height=24) == [
        "1.0/trixie@amd64  built, 45.6 MB                                           3.2 s",
        "2.0/trixie@amd64  2/3 RUN set -eux; \\ make all                              1:15",
        "2.0/trixie@s390x  pushing, 12.3 MB of 45.6 MB                               1:15",
        "1 of 4 in 1:15: 1 built, 2 running, 1 waiting",
        "waiting for default: 1",
    ]


def test_on_a_wide_terminal_each_fact_has_a_column() -> None:
    assert drawn(busy(Clock()), width=140, height=24) == [
        "target      arch   steps  cached  now                                            "
        "                                              pushed   time",
        "1.0/trixie  amd64    9/9       4  built                                          "
        "                                             45.6 MB  3.2 s",
        "2.0/trixie  amd64    1/2       1  2/3 RUN set -eux; \\ make all                   "
        "                                                       1:15",
        "2.0/trixie  s390x                 pushing                                        "
        "                                  12.3 MB of 45.6 MB   1:15",
        "1 of 4 in 1:15: 1 built, 2 running, 1 waiting",
        "waiting for default: 1",
    ]


def test_queues_are_told_apart_where_there_are_several_the_longest_first() -> None:
    queue = {**dict.fromkeys(numbered(2), "windows-amd64"), **dict.fromkeys(numbered(5, "trixie@s390x"), "s390x")}
    table = LiveTable(queue=queue, clock=Clock())
    table.started(build("3.0/trixie@amd64"))

    assert drawn(table, width=80, height=24)[1:] == [
        "0 of 7 in 0.0 s: 1 running, 6 waiting",
        "waiting for s390x: 5, windows-amd64: 1",
    ]


def test_who_is_not_tried_waits_no_longer() -> None:
    table = table_of(numbered(2))
    table.finished(outcome("3.0/trixie@amd64", Result.BLOCKED, "blocked by 2.0/trixie@amd64: failed"))

    assert drawn(table, width=80, height=24)[-1] == "1 of 2 in 0.0 s: 1 blocked, 0 running, 1 waiting"


def test_before_its_first_step_a_build_says_why_it_is_built() -> None:
    table = table_of(["2.0/trixie@amd64"])
    table.started(build("2.0/trixie@amd64", forced="packages are old"))

    assert "forced: packages are old" in drawn(table, width=80, height=24)[0]


def test_between_two_attempts_it_says_what_it_waits_for() -> None:
    table = table_of(["2.0/trixie@amd64"])
    table.started(build("2.0/trixie@amd64"))
    table.retried(build("2.0/trixie@amd64"), Again(2, 5.5, "connection refused\nby everybody"))

    assert drawn(table, width=80, height=24)[0].startswith("2.0/trixie@amd64  attempt 2 in 5.5 s: connection refused  ")


@pytest.mark.parametrize("text", ["[red]x[/red]", "[/x]", "RUN [ -f x ]", "[[ a ]]"])
def test_what_a_dockerfile_says_is_no_markup(text: str) -> None:
    table = table_of(["2.0/trixie@amd64", "1.0/trixie@amd64"])
    table.started(build("2.0/trixie@amd64"))
    table.moved(build("2.0/trixie@amd64"), Progress().after(step(f"[1/1] {text}")))
    table.finished(outcome("1.0/trixie@amd64", Result.FAILED, text))

    assert [text in line for line in drawn(table, width=80, height=24)] == [True, True, False]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (140, 10), (40, 6), (20, 3)])
def test_the_table_of_a_large_run_fits_its_terminal(width: int, height: int) -> None:
    names = numbered(282, "windowsservercore-ltsc2025@arm64v8")
    table = LiveTable(queue={name: f"builder-{len(name) % 2}" for name in names}, clock=Clock())
    for name in names[:100]:
        table.started(build(name))
        table.finished(outcome(name))
    for name in names[100:110]:
        table.started(build(name))
        table.finished(outcome(name, Result.FAILED, "a reason that is longer than any line of a terminal " * 8))
    for name in names[110:170]:
        table.started(build(name))
        table.pushed(build(name), 999_900_000, 123_400_000_000)

    lines = drawn(table, width=width, height=height)

    assert max(map(len, lines)) <= width
    assert len(lines) < max(height, 4)
    assert any(line.startswith("110 of 282 in"[: width - 1]) for line in lines)


def test_more_running_builds_than_lines_are_counted() -> None:
    table = table_of(numbered(30))
    for name in numbered(30):
        table.started(build(name))

    lines = drawn(table, width=80, height=10)

    assert [line.partition(" ")[0] for line in lines[:7]] == numbered(7)
    assert lines[7:] == ["and 23 more", "0 of 30 in 0.0 s: 30 running, 0 waiting"]


def test_failed_builds_stay_in_sight_while_others_pass() -> None:
    table = table_of([*numbered(29), "2.0/trixie@s390x"])
    table.finished(outcome("2.0/trixie@s390x", Result.FAILED, "exit code: 7\nmore of it"))
    for name in numbered(20):
        table.finished(outcome(name))

    lines = drawn(table, width=80, height=24)

    assert lines[0].split() == ["2.0/trixie@s390x", "failed", "exit", "code:", "7", "3.2", "s"]
    assert [line.split()[0] for line in lines[1:-1]] == numbered(20)[12:]
    assert lines[-1] == "21 of 30 in 0.0 s: 20 built, 1 failed, 0 running, 9 waiting"


def test_of_a_long_failure_and_a_long_name_the_end_is_shown_too() -> None:
    name = "3.14/windows/windowsservercore-ltsc2025@windows-amd64"
    table = table_of([name])
    command = "2/3 RUN ./configure --enable-optimizations --enable-shared && make --jobs 8 && make install"
    table.finished(outcome(name, Result.FAILED, f"{command}: exit code: 77"))

    assert drawn(table, width=80, height=24)[0] == (
        "3.14/win…-ltsc2025@windows-amd64  failed 2/3 RUN ./configu… exit code: 77  3.2 s"
    )


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (60, "1:00"), (3_599, "59:59"), (10_921, "3:02:01")]
)
def test_times_are_short(seconds: float, expected: str) -> None:
    clock = Clock()
    table = table_of(["2.0/trixie@amd64"], clock)
    table.started(build("2.0/trixie@amd64"))
    clock.seconds = seconds

    assert drawn(table, width=80, height=24)[0].endswith(f"  {expected}")
