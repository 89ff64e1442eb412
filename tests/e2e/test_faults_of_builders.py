"""Builders that fail, fall silent or go away: what is tried again, what is ended, and what is said of it."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ExitCode
from orchestrator.tools import buildx
from orchestrator.tools.process import SystemRunner
from orchestrator.tools.watchdog import Limits
from tests.e2e.conftest import NewHello
from tests.e2e.hello import Hello
from tests.e2e.shims import HANG, LOST_ONCE, shim
from tests.samples import build

pytestmark = pytest.mark.e2e

TARGET = "2.0/slim-trixie@amd64"
PATIENCE_SECONDS = 60.0


def events(family: Hello) -> list[Any]:
    return [json.loads(line) for line in (family.root / "out" / "events.jsonl").read_text().splitlines()]


def run_in(family: Hello, script: str) -> None:
    """Let the build run a script, whatever the builder's cache has."""
    family.edit('CMD ["hello"]', f'RUN : {secrets.token_hex(8)}; {script}\nCMD ["hello"]')


def test_a_run_that_fails_is_tried_once(hello: NewHello) -> None:
    family: Hello = hello()
    run_in(family, "echo 503 Service Unavailable, connection refused; exit 7")

    finished = family.run("build", check=False)

    record = family.records()[TARGET]
    assert (finished.returncode, record["attempts"], record["detail"].rpartition(": ")[2]) == (10, 1, "7")
    assert [event["event"] for event in events(family) if event["event"] == "retried"] == []


def test_a_builder_that_was_lost_is_asked_again(hello: NewHello, tmp_path: Path) -> None:
    family: Hello = hello()

    finished = family.run("build", environment=shim(tmp_path / "bin", LOST_ONCE))

    assert finished.stdout.splitlines()[-1] == "builds: 1 built"
    record = family.records()[TARGET]
    assert (record["attempts"], record["build_id"] in family.staged("amd64"), family.left) == (2, True, [])
    told = [event for event in events(family) if event["event"] != "step"]
    assert [event["event"] for event in told] == [
        *("run", "planned", "started", "retried", "phase", "phase", "pushed", "phase", "finished"),
    ]
    assert "error reading from server: EOF" in told[3]["reason"]
    assert (told[-1]["result"], told[-1]["attempts"], told[-1]["exit_code"]) == ("built", 2, 0)
    log = (family.root / "out" / "logs" / f"{TARGET}.log").read_text()
    assert log.index("error reading from server") < log.index("> attempt 2") < log.index("exporting to oci")


def test_a_builder_without_a_sign_of_life_is_given_up(hello: NewHello, tmp_path: Path) -> None:
    """The time of the build is over before a third attempt."""
    family: Hello = hello()
    words = ("build", "--idle-timeout", "1s", "--timeout", "25s")

    finished = family.run(*words, environment=shim(tmp_path / "bin", HANG), check=False)

    assert finished.returncode == 13
    assert "no sign of life from the builder for 1 s; it hangs or is lost" in finished.stdout
    assert (family.records()[TARGET]["attempts"], len((tmp_path / "bin" / "asked").read_text().split())) == (2, 2)
    assert (family.left, family.processes, family.staged("amd64")) == ([], [], [])


def test_a_build_without_end_is_ended_and_not_tried_again(hello: NewHello) -> None:
    family: Hello = hello()
    run_in(family, "echo now $((6 * 7)); sleep 600")

    finished = family.run("build", "--timeout", "4s", check=False)

    record = family.records()[TARGET]
    assert (finished.returncode, record["attempts"], record["seconds"] < PATIENCE_SECONDS) == (10, 1, True)
    assert record["detail"] == "no end after 4 s; if it needs longer, allow that by --timeout"
    assert "  | now 42\n" in finished.stdout
    assert (family.left, family.processes) == ([], [])


def test_a_crash_is_tried_again_only_where_it_was_emulated(hello: NewHello) -> None:
    family: Hello = hello(arches=("amd64", "s390x"))
    # In a child: what is the first process of a container is not killed by a signal of its own.
    run_in(family, "sh -c 'kill -SEGV $$; :'; exit $?")

    finished = family.run("build", "--arch", "all", check=False)

    records = family.records()
    details = {target: (record["attempts"], record["detail"]) for target, record in records.items()}
    assert finished.returncode == 10
    assert details[TARGET][0] == 1
    assert details[TARGET][1].endswith("exit code: 139")
    attempts, detail = details["2.0/slim-trixie@s390x"]
    assert attempts == 2
    assert detail.endswith(
        "exit code: 139 (tried 2 times, emulated, and emulators crash: a builder of this arch may not)"
    )


def test_events_can_be_read_from_stderr(hello: NewHello) -> None:
    family: Hello = hello()

    finished = family.run("build", "--progress", "json")

    # Lines of the log are JSON then, too.
    said = [json.loads(line) for line in finished.stderr.splitlines()]
    assert [each for each in said if "level" not in each] == events(family)
    assert [event["event"] for event in events(family)][:3] == ["run", "planned", "started"]
    assert [list(event)[:2] for event in events(family)] == [["time", "event"]] * len(events(family))
    family.run("build")
    assert [event["event"] for event in events(family)] == ["run", "planned"]


# A remote builder: the engine's BuildKit behind a bridge that can be stopped and killed


@dataclass
class Remote:
    """A build on a remote builder that has begun to run something long."""

    bridge: subprocess.Popen[str]
    order: buildx.Order
    environment: dict[str, str]

    async def solved(self, *, idle_seconds: float, then: Callable[[], None]) -> buildx.Solved:
        """Build; as soon as the RUN says something, do `then`."""

        def on_line(line: str) -> None:
            if line.startswith("now "):
                then()

        return await buildx.solve(
            self.order,
            runner=SystemRunner(dict(os.environ)),
            env=self.environment,
            limits=Limits(idle_seconds, 600, asyncio.get_running_loop().time() + 600),
            on_progress=lambda progress: None,
            on_line=on_line,
        )

    @property
    def processes(self) -> list[str]:
        """Builds that still run."""
        listed = subprocess.run(("ps", "-eo", "args"), capture_output=True, text=True, check=True).stdout
        return [line for line in listed.splitlines() if str(self.order.output) in line]


@pytest.fixture
def remote(hello: NewHello, tmp_path: Path) -> Iterator[Remote]:
    family: Hello = hello()
    context = tmp_path / "context"
    context.mkdir()
    run = f"RUN : {secrets.token_hex(8)}; echo now $((6 * 7)); sleep 120"
    base = f"{family.registry}/library/busybox:trixie"
    (context / "Dockerfile").write_text(f"FROM {base}\n{run}\n")
    environment = {**family.engine.environment, "BUILDX_CONFIG": str(tmp_path / "buildx")}
    bridge = subprocess.Popen(
        (sys.executable, "-m", "tests.bkbridge", family.engine.host),
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = bridge.stdout.readline().strip() if bridge.stdout else ""
        subprocess.run(
            ("docker", "buildx", "create", "--name", "bridged", "--driver", "remote", address),
            env={**os.environ, **environment},
            check=True,
            capture_output=True,
        )
        one = build(TARGET)
        order = buildx.Order(one, "bridged", context, None, tmp_path / "layout", 315_532_800, tmp_path / "build.log")
        yield Remote(bridge, order, environment)
    finally:
        with contextlib.suppress(ProcessLookupError):
            bridge.send_signal(signal.SIGCONT)
        bridge.kill()
        bridge.communicate()


async def test_a_remote_builder_that_is_killed_is_a_failure_that_may_pass(remote: Remote) -> None:
    start = time.monotonic()

    solved = await remote.solved(idle_seconds=60, then=remote.bridge.kill)

    assert (solved.code, time.monotonic() - start < PATIENCE_SECONDS) == (ExitCode.UNAVAILABLE, True), solved
    assert "now 42" in solved.tail
    assert remote.processes == []


async def test_a_remote_builder_that_is_a_black_hole_is_ended_after_the_silence(remote: Remote) -> None:
    start = time.monotonic()

    solved = await remote.solved(idle_seconds=2, then=lambda: remote.bridge.send_signal(signal.SIGSTOP))

    assert (solved.code, time.monotonic() - start < PATIENCE_SECONDS) == (ExitCode.UNAVAILABLE, True)
    assert solved.message.startswith("no sign of life from the builder for 2 s; ")
    assert remote.processes == []
