import datetime as dt

import pytest

from orchestrator.errors import ExitCode, UnavailableError
from orchestrator.model.plan import Build, Unknown
from orchestrator.model.queue import Blocked, Queue, Queued
from orchestrator.model.queue.failing_builds import FailingBuild
from orchestrator.render.queue import queue_document, queue_text
from tests.samples import build

NOW = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
SINCE = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
AMD64 = build("2.0/trixie@amd64")
OTHER = build("1.0/trixie@amd64")
ONCE = FailingBuild(str(AMD64.target), 1, NOW, NOW, ExitCode.BUILD_FAILED, "exit code: 7", "http://ci/7")
OFTEN = FailingBuild(str(OTHER.target), 4, SINCE, NOW, ExitCode.TEST_FAILED, "smoke test runs: no", "out/it.log")
CHILD = build("2.0/child@amd64")
BLOCKED = Blocked(CHILD, (AMD64.target,))
UNKNOWN = Unknown(build("3.0/trixie@amd64").target, UnavailableError("base: 503"))


def command(one: Build) -> list[str]:
    return ["build", str(one.target)]


def agents(one: Build) -> str:
    return f"docker-{one.target.arch}"


def test_all_that_is_needed_is_told_with_what_waits_until_when() -> None:
    found = Queue(
        NOW,
        due=(Queued(AMD64, ONCE),),
        waiting=(Queued(OTHER, OFTEN),),
        blocked=(BLOCKED,),
        unknown=(UNKNOWN,),
        left_out=2,
    )

    assert queue_text(found, command) == (
        "TARGET            FAILURES            WHY\n"
        "2.0/trixie@amd64  1 since 2026-01-02  new\n"
        "\n"
        "WAITS             UNTIL                      FAILURES            CAUSE\n"
        "1.0/trixie@amd64  2026-01-02T16:00:00+00:00  4 since 2026-01-01  smoke test runs: no\n"
        "\n"
        "BLOCKED          BY\n"
        "2.0/child@amd64  2.0/trixie@amd64\n"
        "\n"
        "unknown: base: 503\n"
        "\n"
        "3 to build now (1 shown), 1 waiting, 1 blocked, 1 unknown\n"
        "begin with: build 2.0/trixie@amd64\n"
    )


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Queue(NOW, due=()), "nothing to build\n"),
        (
            Queue(NOW, due=(Queued(AMD64),)),
            "TARGET            FAILURES  WHY\n"
            "2.0/trixie@amd64  none      new\n"
            "\n"
            "1 to build now\n"
            "begin with: build 2.0/trixie@amd64\n",
        ),
    ],
)
def test_what_there_is_none_of_is_left_out(found: Queue, text: str) -> None:
    assert queue_text(found, command) == text


def test_programs_get_every_build_with_its_words_and_its_failures() -> None:
    found = Queue(NOW, due=(Queued(AMD64),), waiting=(Queued(OTHER, OFTEN),), left_out=1)

    assert queue_document(found, "amd64", command, agents) == {
        "schema": 1,
        "exit_code": 0,
        "arch": "amd64",
        "at": "2026-01-02T12:00:00+00:00",
        "summary": "2 to build now (1 shown), 1 waiting",
        "queue": [
            {
                "target": "2.0/trixie@amd64",
                "build_id": AMD64.build_id,
                "reason": "new",
                "failures": 0,
                "failing": None,
                "command": ["build", "2.0/trixie@amd64"],
                "agent": "docker-amd64",
            }
        ],
        "left_out": 1,
        "waiting": [
            {
                "target": "1.0/trixie@amd64",
                "build_id": OTHER.build_id,
                "reason": "new",
                "failures": 4,
                "failing": {
                    "since": "2026-01-01T08:00:00+00:00",
                    "last": "2026-01-02T12:00:00+00:00",
                    "due": "2026-01-02T16:00:00+00:00",
                    "exit_code": 11,
                    "cause": "smoke test runs: no",
                    "log": "out/it.log",
                },
                "command": ["build", "1.0/trixie@amd64"],
                "agent": "docker-amd64",
            }
        ],
        "blocked": [],
        "unknown": [],
    }


def test_what_is_blocked_or_unknown_is_told_to_programs_too() -> None:
    document = queue_document(Queue(NOW, due=(), blocked=(BLOCKED,), unknown=(UNKNOWN,)), "amd64", command, agents)

    assert (document["blocked"], document["unknown"]) == (
        [{"target": "2.0/child@amd64", "build_id": CHILD.build_id, "by": ["2.0/trixie@amd64"]}],
        [{"target": "3.0/trixie@amd64", "reason": "base: 503", "exit_code": 13}],
    )
