"""The one door to other programs."""

import asyncio
import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from orchestrator.errors import CommandError, LocalOutputError, OrchestratorError, ProgramMissingError

TERMINATE_GRACE_SECONDS = 10
_CHUNK_BYTES = 65_536

log = structlog.get_logger()


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
        try:
            return await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env={**self._environment, **(env or {})},
                start_new_session=True,
            )
        except OSError as error:
            raise _not_started(command, error, cwd=cwd) from error


def _not_started(command: Sequence[str], error: OSError, *, cwd: Path | None = None) -> OrchestratorError:
    # The system reports a missing folder like a missing program, but under the folder's name.
    if cwd is not None and str(error.filename) == str(cwd):
        return LocalOutputError(f"{cwd}: {error.strerror}; `{command[0]}` was to run in it")
    if isinstance(error, FileNotFoundError):
        return ProgramMissingError(f"`{command[0]}` is not on this machine; `orchestrator doctor` says how to get it")
    return ProgramMissingError(f"`{command[0]}` cannot be started: {error.strerror}")


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace")


async def _end_group(process: asyncio.subprocess.Process) -> None:
    """End a process and all it started: SIGTERM, then SIGKILL for what is left after the grace."""
    _signal_group(process, signal.SIGTERM)
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(process.wait()), TERMINATE_GRACE_SECONDS)
    _signal_group(process, signal.SIGKILL)
    await process.wait()


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
