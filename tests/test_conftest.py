"""The guards guard: what a unit test must not do fails it with a sentence that helps."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import kind, skipped_real, summary

FAILED = pytest.fail.Exception


@dataclass(frozen=True)
class Report:
    nodeid: str
    keywords: frozenset[str] = field(default_factory=frozenset)
    user_properties: tuple[tuple[str, str], ...] = ()


INTEGRATION = Report("tests/integration/test_engine.py::test_up", frozenset({"integration"}))
E2E = Report("tests/e2e/test_demo.py::test_demo", frozenset({"e2e"}))
UNIT = Report("tests/model/test_plan.py::test_plan")
FAULT = Report("tests/faults/test_writes.py::test_x", frozenset({"integration"}), (("row", "W1"), ("row", "W2")))
NOT_IMPORTED = Report("tests/integration/test_registry.py")


def _on_socket(method: str) -> None:
    with socket.socket() as opened:
        getattr(opened, method)(("127.0.0.1", 9))


@pytest.mark.parametrize(
    "start",
    [
        lambda: subprocess.run(["true"], check=False),
        lambda: os.system("true"),
        lambda: os.posix_spawn("/bin/true", ["true"], {}),
        lambda: os.fork(),  # looked up when it runs: it is replaced by then
        lambda: os.execv("/bin/true", ["true"]),
        lambda: asyncio.run(asyncio.create_subprocess_exec("true")),
    ],
    ids=["subprocess", "system", "posix_spawn", "fork", "exec", "asyncio"],
)
def test_a_process_fails_the_test(start: Callable[[], object]) -> None:
    with pytest.raises(FAILED, match="started a process; pass a fake Runner"):
        start()


@pytest.mark.parametrize(
    "connect",
    [
        lambda: socket.create_connection(("127.0.0.1", 9)),
        lambda: _on_socket("connect"),
        lambda: _on_socket("connect_ex"),
        lambda: socket.getaddrinfo("example.org", 443),
    ],
    ids=["create_connection", "connect", "connect_ex", "getaddrinfo"],
)
def test_a_connection_fails_the_test(connect: Callable[[], object]) -> None:
    with pytest.raises(FAILED, match="opened a connection; pass a fake"):
        connect()


def test_the_developers_settings_are_hidden() -> None:
    visible = {name for name in os.environ if name.startswith(("ORCHESTRATOR_", "DOCKER_")) or name == "CI"}

    assert (visible, list(Path(os.environ["HOME"]).iterdir()), os.environ["NO_COLOR"]) == (set(), [], "1")


@pytest.mark.integration
def test_a_test_with_real_parts_may_start_a_process() -> None:
    assert subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, check=True).stdout == b"42\n"


@pytest.mark.parametrize(
    ("report", "expected"), [(INTEGRATION, "integration"), (E2E, "e2e"), (UNIT, ""), (NOT_IMPORTED, "integration")]
)
def test_a_report_is_of_a_kind(report: Report, expected: str) -> None:
    assert kind(report) == expected


def test_the_summary_counts_real_tests_and_all_skipped_ones() -> None:
    stats = {"passed": [INTEGRATION, FAULT, FAULT, UNIT], "failed": [E2E], "skipped": [UNIT, NOT_IMPORTED]}

    assert summary(stats) == "integration: 3 ran, e2e: 1 ran, faults: 2 rows, skipped: 2"


def test_skipped_real_tests_are_named() -> None:
    assert skipped_real([UNIT, NOT_IMPORTED, E2E]) == [E2E.nodeid, NOT_IMPORTED.nodeid]
