"""The queue of an arch, as text for people and as a document for programs."""

import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from orchestrator.model.plan import Build
from orchestrator.model.queue import Blocked, Queue, Queued
from orchestrator.model.queue.failing_builds import FailingBuild
from orchestrator.render.summary import table, why_line

Command = Callable[[Build], Sequence[str]]
"""The words that start a build."""
Agents = Callable[[Build], str | None]
"""The label of Jenkins' agents that can make a build; None where orchestrator.yaml has no `jenkins`."""


def queue_text(queue: Queue, command: Command) -> str:
    """What to build now, what waits and until when, what is blocked or unknown, and how to start the first."""
    parts = (
        _due_text(queue) if queue.due else "",
        _waiting_text(queue.waiting) if queue.waiting else "",
        _blocked_text(queue.blocked) if queue.blocked else "",
        "".join(dict.fromkeys(f"unknown: {each.problem}\n" for each in queue.unknown)),
        f"{_counts(queue)}\n" + (f"begin with: {shlex.join(command(queue.due[0].build))}\n" if queue.due else ""),
    )
    return "\n".join(filter(None, parts))


def queue_document(queue: Queue, arch: str, command: Command, agents: Agents) -> dict[str, Any]:
    """What `queue --format json` prints, schema 1; `queue` is in the order to build in, all times are in UTC."""
    return {
        "schema": 1,
        "exit_code": int(queue.code),
        "arch": arch,
        "at": queue.at.isoformat(timespec="seconds"),
        "summary": _counts(queue),
        "queue": [_entry(each, command, agents) for each in queue.due],
        "left_out": queue.left_out,
        "waiting": [_entry(each, command, agents) for each in queue.waiting],
        "blocked": [
            {"target": str(each.build.target), "build_id": each.build.build_id, "by": _names(each)}
            for each in queue.blocked
        ],
        "unknown": [
            {"target": str(each.target), "reason": each.problem, "exit_code": int(each.error.exit_code)}
            for each in queue.unknown
        ],
    }


def _due_text(queue: Queue) -> str:
    rows = [(str(each.build.target), _failures(each.failing), why_line(each.build)) for each in queue.due]
    return table(("target", "failures", "why"), rows)


def _waiting_text(waiting: Iterable[Queued]) -> str:
    rows = [
        (str(each.build.target), each.failing.due.isoformat(), _failures(each.failing), each.failing.cause)
        for each in waiting
        if each.failing
    ]
    return table(("waits", "until", "failures", "cause"), rows)


def _blocked_text(blocked: Iterable[Blocked]) -> str:
    return table(("blocked", "by"), [(str(each.build.target), ", ".join(_names(each))) for each in blocked])


def _names(blocked: Blocked) -> list[str]:
    return [str(target) for target in blocked.by]


def _failures(failing: FailingBuild | None) -> str:
    return f"{failing.failures} since {failing.since.date()}" if failing else "none"


def _counts(queue: Queue) -> str:
    if not (queue.due or queue.waiting or queue.unknown):
        return "nothing to build"
    shown = f" ({len(queue.due)} shown)" if queue.left_out else ""
    others = {"waiting": queue.waiting, "blocked": queue.blocked, "unknown": queue.unknown}
    counts = (f", {len(several)} {word}" for word, several in others.items() if several)
    return f"{len(queue.due) + queue.left_out} to build now{shown}{''.join(counts)}"


def _entry(queued: Queued, command: Command, agents: Agents) -> dict[str, Any]:
    return {
        "target": str(queued.build.target),
        "build_id": queued.build.build_id,
        "reason": queued.build.reason,
        "failures": queued.failures,
        "failing": _failing(queued.failing) if queued.failing else None,
        "command": list(command(queued.build)),
        "agent": agents(queued.build),
    }


def _failing(failing: FailingBuild) -> dict[str, Any]:
    return {
        "since": failing.since.isoformat(),
        "last": failing.last.isoformat(),
        "due": failing.due.isoformat(),
        "exit_code": int(failing.code),
        "cause": failing.cause,
        "log": failing.log,
    }
