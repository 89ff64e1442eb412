"""Runs programs and measures them: time, memory, and the middle of several runs."""

import contextlib
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_ATTEMPTS = 3
_SHOWN_CHARACTERS = 2_000
_BYTES_PER_KIB = 1024


class BenchmarkError(Exception):
    """What was to be measured failed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a program, or the middle of several."""

    seconds: float
    peak_bytes: int
    """The most memory that one of its processes had at once."""


def measured(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Measured:
    """Run a program to its end; raises BenchmarkError, with the end of its output, when it fails.

    `env` is added to our own environment.
    """
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        with _found(command):
            process = subprocess.Popen(
                command, env={**os.environ, **(env or {})}, cwd=cwd, stdout=output, stderr=subprocess.STDOUT
            )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        # Popen must not wait for it once more.
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            said = output.read().decode("utf-8", "replace")[-_SHOWN_CHARACTERS:]
            raise BenchmarkError(f"`{shlex.join(command)}` ended with {process.returncode}: {said}")
    return Measured(seconds, usage.ru_maxrss * _BYTES_PER_KIB)


def read(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> str:
    """What a program prints; raises BenchmarkError when it fails."""
    with _found(command):
        finished = subprocess.run(
            command, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
        )
    if finished.returncode:
        raise BenchmarkError(f"`{shlex.join(command)}` ended with {finished.returncode}: {finished.stderr}")
    return finished.stdout


@contextlib.contextmanager
def _found(command: Sequence[str]) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise BenchmarkError(f"`{command[0]}` is not on this machine") from error


def middle(runs: Iterable[Measured]) -> Measured:
    """The median of each number."""
    every = list(runs)
    return Measured(
        statistics.median(run.seconds for run in every), round(statistics.median(run.peak_bytes for run in every))
    )


def by_turns(rounds: int, *runs: Callable[[], Measured]) -> list[Measured]:
    """The middle of each of several runs, which take turns, so that a busy moment of the machine hits them alike.

    Each is run as `patiently` does it.
    """
    made = [[patiently(run) for run in runs] for _ in range(rounds)]
    return [middle(column) for column in zip(*made, strict=True)]


def patiently(run: Callable[[], Measured]) -> Measured:
    """Run something, and begin anew when it fails, for an engine under load gives up now and then.

    Raises BenchmarkError when it keeps failing.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return run()
        except BenchmarkError as error:
            print(f"bench: once more, since {error}", file=sys.stderr)
    return run()
