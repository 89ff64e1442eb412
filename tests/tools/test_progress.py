"""The lines that take the place of a live table in logs."""

import io
from dataclasses import replace

from orchestrator.errors import ExitCode
from orchestrator.model.outcomes import Again, Outcome, Result
from orchestrator.model.solve import Progress
from orchestrator.tools.progress import Lines
from tests.samples import build


def outcome(name: str, result: Result = Result.BUILT, detail: str = "") -> Outcome:
    code = ExitCode.DONE if result is Result.BUILT else ExitCode.BUILD_FAILED
    return Outcome(name, name.partition("@")[2], "", result, code, detail, seconds=3.25)


def test_lines_say_which_build_they_belong_to() -> None:
    file = io.StringIO()
    lines = Lines(file)
    first, second = build("2.0/trixie@amd64"), build("2.0/trixie@s390x", forced="packages are old")

    lines.started(first)
    lines.started(second)
    lines.line(first, "checking for gcc... yes")
    lines.moved(first, Progress())
    lines.pushed(first, 1_000_000, 45_600_000)
    lines.pushed(first, 45_600_000, 45_600_000)
    lines.phase(second, "testing")
    lines.retried(first, Again(2, 5.5, "connection refused\nby everybody"))
    lines.finished(outcome("2.0/trixie@amd64"))
    lines.finished(outcome("2.0/trixie@s390x", Result.FAILED, "smoke test a: no\nsmoke test b: no"))
    lines.finished(replace(outcome("2.0/trixie@i386", Result.FAILED, "exit code: 2"), place="d/Dockerfile:7"))

    assert file.getvalue().splitlines() == [
        f"2.0/trixie@amd64 | started: {first.reason}",
        f"2.0/trixie@s390x | started: {second.reason}",
        "2.0/trixie@amd64 | checking for gcc... yes",
        "2.0/trixie@amd64 | pushed 45.6 MB",
        "2.0/trixie@s390x | testing",
        "2.0/trixie@amd64 | attempt 2 in 5.5 s: connection refused",
        "2.0/trixie@amd64 | by everybody",
        "2.0/trixie@amd64 | built in 3.2 s",
        "2.0/trixie@s390x | failed in 3.2 s: smoke test a: no",
        "2.0/trixie@s390x | smoke test b: no",
        "2.0/trixie@i386 | failed in 3.2 s: d/Dockerfile:7: exit code: 2",
    ]
