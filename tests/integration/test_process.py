"""The real runner with real programs."""

import asyncio
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import CommandError, LocalOutputError, ProgramMissingError, UnavailableError
from orchestrator.tools.process import Finished, SystemRunner, dialled

pytestmark = pytest.mark.integration

ENVIRONMENT = {"PATH": os.environ["PATH"], "GIVEN": "once"}
PATIENCE_SECONDS = 10

# A parent and a child of it that both live long; the child's pid goes to the file named by the argument.
FAMILY = ("sh", "-c", 'sleep 300 & echo $! > "$1.tmp" && mv "$1.tmp" "$1"; wait', "sh")


@pytest.fixture
def runner() -> SystemRunner:
    return SystemRunner(ENVIRONMENT)


async def test_a_command_is_run_with_the_words_as_they_are(runner: SystemRunner, tmp_path: Path) -> None:
    command = ("sh", "-c", 'printf "%s|" "$@"; pwd; echo problem >&2; exit 0', "sh", "a b", "$(id)", "*", "")

    finished = await runner.run(command, cwd=tmp_path)

    assert finished == Finished(command, 0, f"a b|$(id)|*||{tmp_path}\n", "problem\n")


async def test_a_program_sees_the_runners_environment_and_what_is_added(runner: SystemRunner) -> None:
    finished = await runner.run(["env"], env={"ADDED": "too"})

    seen = {line for line in finished.stdout.splitlines() if not line.startswith(("PWD=", "SHLVL=", "_="))}
    assert seen == {f"PATH={ENVIRONMENT['PATH']}", "GIVEN=once", "ADDED=too"}


async def test_a_program_has_nothing_to_read(runner: SystemRunner) -> None:
    assert (await runner.run(["cat"])).stdout == ""


async def test_output_that_is_not_utf8_is_replaced(runner: SystemRunner) -> None:
    assert (await runner.run(["printf", r"a\377b"])).stdout == "a\N{REPLACEMENT CHARACTER}b"


async def test_a_failed_command_is_an_error_with_its_line_and_its_last_words(runner: SystemRunner) -> None:
    with pytest.raises(CommandError) as error:
        await runner.run(["sh", "-c", "echo because >&2; exit 7"])

    assert (str(error.value), error.value.returncode) == (
        "`sh -c 'echo because >&2; exit 7'` exited with 7\nbecause",
        7,
    )


async def test_a_failure_that_is_expected_is_a_value(runner: SystemRunner) -> None:
    assert (await runner.run(["false"], check=False)).returncode == 1


async def test_a_missing_program_is_named_with_the_remedy(runner: SystemRunner, tmp_path: Path) -> None:
    remedy = "`no-such-program` is not on this machine; `orchestrator doctor` says how to get it"

    with pytest.raises(ProgramMissingError, match=remedy):
        await runner.run(["no-such-program", "x"])
    with pytest.raises(ProgramMissingError, match=remedy):
        await runner.stream(["no-such-program"], on_stderr=lambda _: None)
    with pytest.raises(ProgramMissingError, match=remedy):
        runner.start(["no-such-program"], log=tmp_path / "log")


async def test_a_file_that_is_no_program_is_named(runner: SystemRunner, tmp_path: Path) -> None:
    (tmp_path / "text").touch()

    with pytest.raises(ProgramMissingError, match=f"`{tmp_path}/text` cannot be started: Permission denied"):
        await runner.run([str(tmp_path / "text")])


async def test_a_machine_that_has_no_room_for_a_program_is_not_taken_for_one_without_it(runner: SystemRunner) -> None:
    await runner.run(["true"])  # imports what the log takes, which needs files, too
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1, limits[1]))
    try:
        with pytest.raises(UnavailableError, match="`true` cannot be started now: Too many open files; run less"):
            await runner.run(["true"])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_a_missing_folder_to_run_in_is_not_taken_for_a_missing_program(
    runner: SystemRunner, tmp_path: Path
) -> None:
    with pytest.raises(LocalOutputError, match=f"{tmp_path}/gone: No such file or directory; `true` was to run in it"):
        await runner.run(["true"], cwd=tmp_path / "gone")


async def test_stderr_is_handed_on_while_the_program_runs(runner: SystemRunner, tmp_path: Path) -> None:
    seen: list[bytes] = []

    def on_stderr(chunk: bytes) -> None:
        seen.append(chunk)
        (tmp_path / "go").touch()

    status = await runner.stream(
        ["sh", "-c", "echo first >&2; until test -e go; do sleep 0.01; done; echo second >&2; echo lost; exit 3"],
        on_stderr=on_stderr,
        cwd=tmp_path,
    )

    assert (status, seen) == (3, [b"first\n", b"second\n"])


@pytest.mark.parametrize("how", ["run", "stream"])
async def test_cancelling_ends_the_program_and_all_that_it_started(
    runner: SystemRunner, tmp_path: Path, how: str
) -> None:
    pid_file = tmp_path / "pid"
    command = (*FAMILY, str(pid_file))
    work = runner.run(command) if how == "run" else runner.stream(command, on_stderr=lambda _: None)
    task = asyncio.ensure_future(work)
    await _until(pid_file.exists)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await _until(lambda: _is_gone(int(pid_file.read_text())))


async def test_cancelling_ends_also_what_a_program_started_while_it_was_being_started(
    runner: SystemRunner, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    task = asyncio.ensure_future(runner.run((*FAMILY, str(pid_file))))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not pid_file.exists() and time.monotonic() < deadline:
        time.sleep(0.01)  # noqa: ASYNC251  nothing else may go on: asyncio has not heard yet that it runs

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await _until(lambda: _is_gone(int(pid_file.read_text())))


async def test_a_program_that_ignores_sigterm_is_killed(
    runner: SystemRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.tools.process.TERMINATE_GRACE_SECONDS", 0.1)
    script = "import os, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + (
        "open('pid.tmp', 'w').write(str(os.getpid())); os.rename('pid.tmp', 'pid'); time.sleep(300)"
    )
    task = asyncio.ensure_future(runner.run([sys.executable, "-c", script], cwd=tmp_path))
    await _until((tmp_path / "pid").exists)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert _is_gone(int((tmp_path / "pid").read_text()))


async def test_a_server_outlives_its_start_in_a_session_of_its_own(runner: SystemRunner, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "server.log"

    pid = runner.start(["sh", "-c", "echo ready; echo '$GIVEN' >&2; exec sleep 300"], log=log)

    try:
        await _until(lambda: log.exists() and log.read_text().count("\n") == 2)
        assert (os.getsid(pid), log.read_text()) == (pid, "ready\n$GIVEN\n")
    finally:
        os.kill(pid, signal.SIGKILL)
    await _until(lambda: _is_gone(pid))


def test_a_program_is_talked_with_through_its_stdin_and_stdout() -> None:
    peer = dialled(("sh", "-c", 'read word; echo "$GIVEN $word"; echo why >&2; exit 7'), environment=ENVIRONMENT)
    try:
        peer.socket.sendall(b"word\n")

        said = peer.socket.makefile().read()
        ended = peer.ended()
    finally:
        peer.end()

    assert said == "once word\n"
    assert ended is not None
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, "", "why\n")


async def test_hanging_up_ends_a_program_and_all_that_it_started(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    peer = dialled((*FAMILY, str(pid_file)), environment=ENVIRONMENT)
    await _until(pid_file.exists)

    peer.end()
    peer.end()

    await _until(lambda: _is_gone(int(pid_file.read_text())))


def test_a_missing_program_cannot_be_talked_with() -> None:
    with pytest.raises(ProgramMissingError, match="`no-such-program` is not on this machine"):
        dialled(("no-such-program",), environment=ENVIRONMENT)


async def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail(f"not so after {PATIENCE_SECONDS} s")
        await asyncio.sleep(0.01)


def _is_gone(pid: int) -> bool:
    """Whether a process runs no more; one that nobody has waited for yet counts as gone."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"
