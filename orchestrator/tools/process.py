"""The one door to other programs."""

import asyncio
import contextlib
import errno
import os
import shlex
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from orchestrator.errors import (
    CommandError,
    LocalOutputError,
    OrchestratorError,
    ProgramMissingError,
    UnavailableError,
)
from orchestrator.tools.logs import log

TERMINATE_GRACE_SECONDS = 10
_CHUNK_BYTES = 65_536
_HUNG_UP_SECONDS = 5
# What a machine, or a user on it, has too little of at the moment: processes, memory, open files.
_EXHAUSTED = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a command; its output decoded as UTF-8, wrong bytes replaced."""

    command: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


class Runner(Protocol):
    """Starts other programs; commands are lists of words, never shell text."""

    async def run(
        self,
        command: Sequence[str],
        *,
        check: bool = True,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Finished:
        """Run a command to its end and keep its output.

        `env` adds to the runner's environment. Raises CommandError when `check` and it fails, ProgramMissingError when
        there is no such program. Cancelling ends the whole process group.
        """

    async def stream(
        self,
        command: Sequence[str],
        *,
        on_stderr: Callable[[bytes], None],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> int:
        """Run a command, hand on its stderr as it comes, drop its stdout, return its exit status."""

    def start(self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> int:
        """Start a server that outlives us in a session of its own, its output going to `log`; returns its pid."""


class SystemRunner:
    """The real runner; `environment` is all that children see."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)

    async def run(
        self,
        command: Sequence[str],
        *,
        check: bool = True,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Finished:
        process = await self._spawn(command, cwd=cwd, env=env, stdout=subprocess.PIPE)
        try:
            stdout, stderr = await process.communicate()
        except asyncio.CancelledError:
            await _end_group(process)
            raise
        finished = Finished(tuple(command), process.returncode or 0, _text(stdout), _text(stderr))
        if check and finished.returncode:
            raise CommandError(shlex.join(command), finished.returncode, finished.stderr)
        return finished

    async def stream(
        self,
        command: Sequence[str],
        *,
        on_stderr: Callable[[bytes], None],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> int:
        process = await self._spawn(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL)
        stderr = process.stderr
        try:
            while stderr is not None and (chunk := await stderr.read(_CHUNK_BYTES)):
                on_stderr(chunk)
            return await process.wait()
        except asyncio.CancelledError:
            await _end_group(process)
            raise

    def start(self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> int:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            try:
                process = subprocess.Popen(
                    list(command),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**self._environment, **(env or {})},
                    start_new_session=True,
                )
            except OSError as error:
                raise _not_started(command, error) from error
        # It outlives us on purpose; Python warns of a child that is forgotten while it has no status.
        process.returncode = 0
        return process.pid

    async def _spawn(
        self, command: Sequence[str], *, cwd: Path | None, env: Mapping[str, str] | None, stdout: int
    ) -> asyncio.subprocess.Process:
        log.debug("run", command=shlex.join(command))
        starting = asyncio.create_task(
            asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env={**self._environment, **(env or {})},
                start_new_session=True,
            )
        )
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            # It starts all the same, and asyncio would kill the program alone, not what that has started by then.
            with contextlib.suppress(OSError):
                await _end_group(await starting)
            raise
        except OSError as error:
            raise _not_started(command, error, cwd=cwd) from error


class Peer:
    """A program that is talked with by a blocking socket, which is its stdin and its stdout."""

    def __init__(
        self, command: Sequence[str], process: subprocess.Popen[bytes], ours: socket.socket, said: IO[bytes]
    ) -> None:
        self.socket = ours
        self._command = tuple(command)
        self._process = process
        self._said = said

    def ended(self) -> Finished | None:
        """How it ended, once it has hung up; None where it is still there after a moment. Its stdout went to us."""
        try:
            returncode = self._process.wait(_HUNG_UP_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        try:
            self._said.seek(0)
            return Finished(self._command, returncode, "", _text(self._said.read()))
        except ValueError:  # closed, for we ended it meanwhile
            return None

    def end(self) -> None:
        """Hang up and end it with all that it started; also while another thread waits for what it says."""
        with contextlib.suppress(OSError):  # it has hung up itself, or the socket was closed by who talked
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        if self._process.poll() is None:
            _signal_group(self._process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(TERMINATE_GRACE_SECONDS)
        if self._process.poll() is None:
            _signal_group(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._said.close()


def dialled(command: Sequence[str], *, environment: Mapping[str, str]) -> Peer:
    """Start a program to talk with; `environment` is all that it sees. To be ended by who asked for it.

    Whatever we die of, it sees us hang up. Raises ProgramMissingError when there is no such program.
    """
    log.debug("run", command=shlex.join(command))
    said = tempfile.TemporaryFile()  # noqa: SIM115 - it is read when the program has ended
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = subprocess.Popen(
                list(command),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=said,
                env=dict(environment),
                start_new_session=True,
            )
    except OSError as error:
        ours.close()
        said.close()
        raise _not_started(command, error) from error
    return Peer(command, process, ours, said)


def _not_started(command: Sequence[str], error: OSError, *, cwd: Path | None = None) -> OrchestratorError:
    # The system reports a missing folder like a missing program, but under the folder's name.
    if cwd is not None and str(error.filename) == str(cwd):
        return LocalOutputError(f"{cwd}: {error.strerror}; `{command[0]}` was to run in it")
    if isinstance(error, FileNotFoundError):
        return ProgramMissingError(f"`{command[0]}` is not on this machine; `orchestrator doctor` says how to get it")
    if error.errno in _EXHAUSTED:
        return UnavailableError(
            f"`{command[0]}` cannot be started now: {error.strerror}; run less at once, or raise your limits"
        )
    return ProgramMissingError(f"`{command[0]}` cannot be started: {error.strerror}")


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace")


async def _end_group(process: asyncio.subprocess.Process) -> None:
    """End a process and all it started: SIGTERM, then SIGKILL for what is left after the grace."""
    _signal_group(process.pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(process.wait()), TERMINATE_GRACE_SECONDS)
    _signal_group(process.pid, signal.SIGKILL)
    await process.wait()


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, number)
