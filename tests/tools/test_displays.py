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


@pytest.mark.parametrize(
    ("mode", "interactive", "expected"),
    [
        (Mode.AUTO, True, LiveTable),
        (Mode.AUTO, False, Lines),
        (Mode.TABLE, False, LiveTable),
        (Mode.LINES, True, Lines),
    ],
)
async def test_events_are_told_besides_what_people_see(mode: Mode, *, interactive: bool, expected: type) -> None:
    events = FakeDisplay()

    async with display(mode, interactive=interactive, queue=QUEUE, events=events) as shown:
        assert isinstance(shown, Several)
        first, second = shown.displays

    assert (first, type(second)) == (events, expected)


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
