"""Tells programs what happens to builds, one JSON document a line: in `out/events.jsonl`, or on stderr."""

import contextlib
import fcntl
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from orchestrator import __version__
from orchestrator.errors import LocalOutputError
from orchestrator.model.outcomes import Again, Outcome
from orchestrator.model.plan import Build, Plan
from orchestrator.model.solve import Progress, title
from orchestrator.tools.logs import log

NAME = "events.jsonl"
_MODE = 0o666
"""Less what the umask takes."""

Write = Callable[[str], object]


class Events:
    """A display that writes events, schema 1; each has `time` (UTC) and `event`, those of a build its names."""

    def __init__(self, writes: Iterable[Write], *, now: Callable[[], datetime]) -> None:
        self._writes = tuple(writes)
        self._now = now
        self._steps: dict[str, set[str]] = {}
        """The names of steps that were told, by build ID."""
        self._builders: Mapping[str, str] = {}

    def run(self, plan: Plan) -> None:
        """A run begins: itself first, then each of its builds in the plan's order."""
        self._say("run", schema=1, version=__version__, builds=len(plan.builds), needed=len(plan.needed))
        for build in plan.builds:
            self._of(build, "planned", state=str(build.state), reason=build.reason)

    def on(self, builders: Mapping[str, str]) -> None:
        """Name the builder of each build that starts from now on; `builders` has them by target."""
        self._builders = builders

    def started(self, build: Build) -> None:
        builder = self._builders.get(str(build.target))
        self._of(build, "started", **({"builder": builder} if builder else {}))

    def moved(self, build: Build, progress: Progress) -> None:
        """A step is told once, when it begins; one that is cached never does."""
        name = title(progress.current)
        told = self._steps.setdefault(build.build_id, set())
        if name and name not in told:
            told.add(name)
            done, known = progress.steps
            self._of(build, "step", name=name, done=done, known=known)

    def line(self, build: Build, text: str) -> None:
        """Lines go to the log alone."""

    def phase(self, build: Build, name: str) -> None:
        self._of(build, "phase", name=name)

    def pushed(self, build: Build, count: int, total: int) -> None:
        """Told once, when all of it has arrived."""
        if count == total:
            self._of(build, "pushed", bytes=total)

    def retried(self, build: Build, again: Again) -> None:
        self._steps.pop(build.build_id, None)
        self._of(build, "retried", attempt=again.attempt, wait_seconds=again.wait_seconds, reason=again.reason)

    def finished(self, outcome: Outcome) -> None:
        self._say(
            "finished",
            target=outcome.target,
            arch=outcome.arch,
            build_id=outcome.build_id,
            result=str(outcome.result),
            exit_code=int(outcome.code),
            seconds=outcome.seconds,
            attempts=outcome.attempts,
            detail=outcome.detail,
            place=outcome.place or None,
            digest=outcome.digest or None,
        )

    def _of(self, build: Build, event: str, **facts: str | float) -> None:
        self._say(event, target=str(build.target), arch=build.target.arch, build_id=build.build_id, **facts)

    def _say(self, event: str, **facts: str | float | None) -> None:
        time = self._now().isoformat(timespec="milliseconds")
        line = json.dumps({"time": time, "event": event, **facts})
        for write in self._writes:
            write(f"{line}\n")


@contextlib.contextmanager
def events_file(folder: Path) -> Iterator[Write]:
    """Start `events.jsonl` in a folder anew; gives the function that appends a line at once. Raises LocalOutputError.

    Who reads the file of an earlier run, or writes it still, keeps that one.
    """
    path = folder / NAME
    temporary = folder / f".{NAME}.{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, _MODE)
        _lock(descriptor)
        temporary.replace(path)
    except OSError as error:
        raise LocalOutputError(f"{path}: {error.strerror}; free some space or mend its rights") from error
    is_told = False

    def append(line: str) -> None:
        nonlocal is_told
        try:
            os.write(descriptor, line.encode())
        except OSError as error:
            # Builds are worth more than the account of them; but it must not look whole.
            if not is_told:
                log.warning("events are missing", file=str(path), reason=error.strerror)
            is_told = True

    try:
        yield append
    finally:
        os.close(descriptor)


def is_being_written(path: Path) -> bool:
    """Whether the run that writes a file of events lives; one that was killed does not, whatever it left."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _lock(descriptor: int) -> None:
    """Hold the file of events as long as this run lives; where the disk has no locks, nobody can tell."""
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def to_stderr(line: str) -> None:
    """Write an event to stderr."""
    sys.stderr.write(line)
    sys.stderr.flush()
