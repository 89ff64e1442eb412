"""Guards that keep unit tests away from processes, network and the developer's settings; the count of real tests."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
import structlog

from orchestrator.tools.logs import log

REAL = ("integration", "e2e")
"""The markers of tests that use the real engine and registry."""

_ROW = "row"
"""The marker of tests for rows of tests/faults/rows.py."""

_PROCESSES = (
    (subprocess.Popen, "__init__"),
    *((os, name) for name in ("execv", "execve", "fork", "forkpty", "posix_spawn", "posix_spawnp", "system")),
)
_CONNECTIONS = ((socket.socket, "connect"), (socket.socket, "connect_ex"), (socket, "getaddrinfo"))
_HIDDEN_PREFIXES = ("ORCHESTRATOR_", "DOCKER_", "BUILDX_", "BUILDKIT_")
_HIDDEN = ("CI", "SOURCE_DATE_EPOCH", "XDG_CONFIG_HOME", "XDG_STATE_HOME")


def pytest_configure() -> None:
    """A CI that starts us in the background has SIGINT ignored, and our children would inherit that."""
    for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, default)


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def guards(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, empty_home: Path) -> None:
    """A test without a mark for real parts starts nothing, reaches nothing and sees no settings of ours."""
    monkeypatch.setenv("NO_COLOR", "1")
    if any(request.node.get_closest_marker(name) for name in REAL):
        return
    for owner, name in _PROCESSES:
        monkeypatch.setattr(
            owner, name, _refuse("started a process; pass a fake Runner (orchestrator/tools/process.py)")
        )
    for owner, name in _CONNECTIONS:
        monkeypatch.setattr(
            owner, name, _refuse("opened a connection; pass a fake of the client that it talks through")
        )
    for name in [name for name in os.environ if name.startswith(_HIDDEN_PREFIXES) or name in _HIDDEN]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(empty_home))


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A command line that a test runs in this process configures the log for that test alone."""
    before, lines_before = dict(vars(log)), structlog.get_config()
    yield
    vars(log).update(before)
    structlog.configure(**lines_before)


def _refuse(what: str) -> Callable[..., NoReturn]:
    def refuse(*args: object, **kwargs: object) -> NoReturn:
        pytest.fail(f"a unit test {what}, or mark the test `integration`")

    return refuse


def kind(report: Any) -> str:
    """Which real part a test report is about; empty for a unit test.

    A module that is skipped while it is imported has no marks, but it has a folder.
    """
    folders = Path(report.nodeid.partition("::")[0]).parts
    return next((name for name in REAL if name in report.keywords or name in folders), "")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A report has no markers' arguments, so the rows that a test is for travel as its properties."""
    item.user_properties += ((_ROW, name) for mark in item.iter_markers(_ROW) for name in mark.args)


def summary(stats: Mapping[str, Sequence[Any]]) -> str:
    """How many real tests and which part of the fault table ran, and how many tests did not.

    As in `integration: 31 ran, e2e: 4 ran, faults: 12 rows, skipped: 0`.
    """
    ran = [report for outcome in ("passed", "failed", "xfailed", "xpassed") for report in stats.get(outcome, ())]
    kinds = [kind(report) for report in ran]
    rows = {name for report in ran for key, name in report.user_properties if key == _ROW}
    counted = [f"{name}: {kinds.count(name)} ran" for name in REAL]
    return ", ".join((*counted, f"faults: {len(rows)} rows", f"skipped: {len(stats.get('skipped', ()))}"))


def skipped_real(reports: Iterable[Any]) -> list[str]:
    """The tests with real parts among the skipped ones."""
    return sorted(report.nodeid for report in reports if kind(report))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.write_line(summary(terminalreporter.stats))
    if _refused(config):
        terminalreporter.write_line("in CI no integration or e2e test may be skipped", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _refused(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _refused(config: pytest.Config) -> bool:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", ()) if reporter else ()
    return os.environ.get("CI", "") not in ("", "0", "false") and bool(skipped_real(skipped))
