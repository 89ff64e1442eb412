import asyncio
import io

import pytest
from rich.console import Console

from orchestrator.errors import ExitCode
from orchestrator.model.outcomes import Again, Outcome, Result
from orchestrator.model.solve import Progress
from orchestrator.tools.displays import Several, display
from orchestrator.tools.live_table import LiveTable
from orchestrator.tools.progress import Lines, Mode
from tests.fakes import FakeDisplay
from tests.samples import build

BUILD = build("2.0/trixie@amd64")
QUEUE = {"2.0/trixie@amd64": "default"}


def terminal(*, kind: str = "xterm", is_terminal: bool = True) -> Console:
    return Console(file=io.StringIO(), force_terminal=is_terminal, width=80, color_system=None, _environ={"TERM": kind})


def shown_on(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("mode", "interactive", "console", "expected"),
    [
        (Mode.AUTO, True, terminal(), LiveTable),
        (Mode.AUTO, False, terminal(), Lines),
        (Mode.AUTO, True, terminal(kind="dumb"), Lines),
        (Mode.TABLE, False, terminal(), LiveTable),
        (Mode.TABLE, False, terminal(is_terminal=False), Lines),
        (Mode.LINES, True, terminal(), Lines),
    ],
)
async def test_events_are_told_besides_what_people_see(
    mode: Mode, *, interactive: bool, console: Console, expected: type
) -> None:
    events = FakeDisplay()

    async with display(mode, interactive=interactive, queue=QUEUE, events=events, console=console) as shown:
        assert isinstance(shown, Several)
        first, second = shown.displays

    assert (first, type(second)) == (events, expected)


async def test_a_table_of_a_run_that_is_interrupted_stays_in_sight() -> None:
    console = terminal()

    async def interrupted() -> None:
        async with display(Mode.AUTO, interactive=True, queue=QUEUE, events=FakeDisplay(), console=console) as shown:
            shown.finished(Outcome("2.0/trixie@amd64", "amd64", "", Result.INTERRUPTED, detail="run it again"))
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await interrupted()

    last = shown_on(console).rpartition("\x1b[2K")[2]
    assert "interrupted run it again" in last
    assert "1 of 1 in 0.0 s: 1 interrupted, 0 running, 0 waiting" in last


async def test_a_table_of_a_run_that_came_to_its_end_makes_room_for_what_is_printed() -> None:
    console = terminal()

    async with display(Mode.AUTO, interactive=True, queue=QUEUE, events=FakeDisplay(), console=console):
        pass

    assert shown_on(console).rpartition("\x1b[2K")[2].strip() == ""


async def test_where_stderr_is_for_programs_there_are_events_alone() -> None:
    events = FakeDisplay()

    async with display(Mode.JSON, interactive=True, queue=QUEUE, events=events) as shown:
        assert shown is events


def test_each_display_is_told_everything() -> None:
    one, other = FakeDisplay(), FakeDisplay()
    table = LiveTable(queue=QUEUE, clock=lambda: 0.0)
    both = Several((one, other, table))

    both.started(BUILD)
    both.moved(BUILD, Progress())
    both.line(BUILD, "checking for gcc... yes")
    both.retried(BUILD, Again(2, 5.5, "lost"))
    both.phase(BUILD, "testing")
    both.pushed(BUILD, 7, 7)
    both.finished(Outcome("2.0/trixie@amd64", "amd64", "", Result.BUILT, ExitCode.DONE))

    assert [word for _, word in one.seen] == [
        "started",
        "checking for gcc... yes",
        "attempt 2: lost",
        "testing",
        "pushed",
        "built",
    ]
    assert other.seen == one.seen
    file = io.StringIO()
    Console(file=file, width=80, color_system=None).print(table)
    assert "1 of 1 in 0.0 s: 1 built" in file.getvalue()
