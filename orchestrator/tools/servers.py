"""Servers that outlive us: known again by more than their pid, and ended without hitting anybody else."""

import asyncio
import contextlib
import json
import os
import select
import signal
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator.errors import LocalOutputError

PROC = Path("/proc")
_POLL_SECONDS = 0.05
# Fields of /proc/PID/stat behind the program's name, which may itself hold spaces and parentheses: proc_pid_stat(5).
_STATE, _PARENT, _START_TICKS = 0, 1, 19
_DEAD_STATES = frozenset("ZX")


@dataclass(frozen=True, slots=True)
class Server:
    """One process of one boot: its pid alone says nothing once it has ended and the number is used again."""

    pid: int
    start_ticks: int
    boot_id: str


def identify(pid: int, proc: Path = PROC) -> Server | None:
    """The process that has this pid now, or None when there is none or it is only waiting to be reaped."""
    stat = _stat(pid, proc)
    if stat is None or stat[_STATE] in _DEAD_STATES:
        return None
    boot_id = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return Server(pid, int(stat[_START_TICKS]), boot_id)


def is_running(server: Server, proc: Path = PROC) -> bool:
    """Whether it is still that very process."""
    return identify(server.pid, proc) == server


def remember(server: Server, record: Path) -> None:
    """Keep a server's identity in a file that only its owner reads."""
    part = record.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(server), file, sort_keys=True)
    part.replace(record)


def remembered(record: Path, proc: Path = PROC) -> Server | None:
    """The server of a record while it runs; None for one that has ended, and for a record that is none or not ours."""
    try:
        fields = json.loads(record.read_text(encoding="utf-8"))
        server = Server(**fields)
    except (OSError, ValueError, TypeError):
        return None
    return server if is_running(server, proc) else None


def processes_of(folder: Path, programs: frozenset[str], proc: Path = PROC) -> tuple[Server, ...]:
    """All processes of these programs that were told a path in `folder`, and whatever they started, children first.

    Finds what a killed server left behind, which no record names. A system that does not show its processes as files
    has none.
    """
    parents = {pid: int(stat[_PARENT]) for pid in _pids(proc) if (stat := _stat(pid, proc)) is not None}
    found = {pid for pid in parents if _is_of(pid, folder, programs, proc)}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    known = (identify(pid, proc) for pid in sorted(found, reverse=True))
    return tuple(server for server in known if server is not None)


async def stop(servers: Iterable[Server], *, grace_seconds: float) -> None:
    """End these processes: SIGTERM, then SIGKILL to those that are left after the grace; returns when all are gone.

    Raises LocalOutputError when one is another user's, or survives even SIGKILL because it hangs in the kernel.
    """
    with contextlib.ExitStack() as handles:
        # Through a pidfd a signal reaches the process that was checked, never a later one with its number.
        descriptors = {server: handles.enter_context(_pidfd(server.pid)) for server in servers}
        running = {server: handle for server, handle in descriptors.items() if handle >= 0 and is_running(server)}
        for number, patience_seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 10.0)):
            for server, handle in running.items():
                _send(server, handle, number)
            running = await _left(running, patience_seconds)
        if running:
            pids = ", ".join(str(server.pid) for server in running)
            raise LocalOutputError(f"process {pids} does not end even when killed; restart the machine")


def _send(server: Server, handle: int, number: signal.Signals) -> None:
    try:
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise LocalOutputError(
            f"process {server.pid} belongs to another user; only that user or root can end it"
        ) from error


async def _left(running: dict[Server, int], patience_seconds: float) -> dict[Server, int]:
    """Those that are still there after the patience."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_seconds
    while running and loop.time() < deadline:
        ended, _, _ = select.select(running.values(), [], [], 0)
        running = {server: handle for server, handle in running.items() if handle not in ended}
        if running:
            await asyncio.sleep(_POLL_SECONDS)
    return running


@contextlib.contextmanager
def _pidfd(pid: int) -> Iterator[int]:
    """A handle of a process; -1 when it is gone."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        yield -1
        return
    try:
        yield handle
    finally:
        os.close(handle)


def _pids(proc: Path) -> Iterator[int]:
    return (int(entry.name) for entry in proc.glob("[0-9]*") if entry.name.isdecimal())


def _stat(pid: int, proc: Path) -> list[str] | None:
    try:
        text = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def _is_of(pid: int, folder: Path, programs: frozenset[str], proc: Path) -> bool:
    try:
        words = (proc / str(pid) / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    if Path(words[0]).name not in programs:
        return False
    return any(Path(word).is_relative_to(folder) for word in words[1:] if word)
