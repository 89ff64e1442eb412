"""Agents that only note what they are told, and the settings of a family with one architecture."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.farm.controller import Controller

TRIGGER, BUILD, PUBLISH = "queue", "build", "publish"
"""The commands of the jobs."""
_JOBS = {
    "s390x/trigger": ("trigger", TRIGGER, "out/queue.json"),
    "s390x/build": ("build", BUILD, "out/logs/**, out/junit.xml"),
    "publish": ("verb", PUBLISH, "out/publish.json"),
}
"""Pipeline, command and kept files of each."""

Act = Callable[[str, Path], int]
"""What a script does in a workspace, and its exit code."""


class FakeAgent:
    """Notes what it is told, and does what the test says; whoever needs an agent gets this one."""

    name = "agent"

    def __init__(self, root: Path, act: Act) -> None:
        self.root = root / "disk"
        self.origin = root / "family"
        self.act = act
        self.told: list[str] = []
        self.labels: list[str] = []
        self.environments: list[Mapping[str, str]] = []

    @contextlib.asynccontextmanager
    async def one(self, label: str) -> AsyncIterator["FakeAgent"]:
        self.labels.append(label)
        yield self

    async def sh(self, script: str, *, workspace: Path, log: Path, environment: Mapping[str, str]) -> int:
        await asyncio.sleep(0)
        self.environments.append(environment)
        # Checking out is a step of Jenkins' own.
        if script.startswith("git "):
            return 0
        self.told.append(script)
        return self.act(script, workspace)


def ends(codes: Mapping[str, Sequence[int]], *, queues: Sequence[Mapping[str, Any]] = (), junit: bool = True) -> Act:
    """Scripts end with these codes, one after the other, then with 0; each trigger leaves the next queue, or none."""
    left = {script: list(several) for script, several in codes.items()}
    waiting = list(queues)

    def act(script: str, workspace: Path) -> int:
        out = workspace / "out"
        out.mkdir(parents=True, exist_ok=True)
        code = left[script].pop(0) if left.get(script) else 0
        if script == TRIGGER and code == 0:
            (out / "queue.json").write_text(json.dumps(waiting.pop(0) if waiting else {"queue": []}))
        if script == BUILD and junit:
            (out / "junit.xml").write_text("")
        return code

    return act


def controller(agent: FakeAgent, root: Path) -> Controller:
    """A controller that reads the jobs of the family and has one agent."""
    folder = root / "jenkins"
    (folder / "jobs").mkdir(parents=True)
    jobs = {
        job: {"agent": "any", "minutes": 1, "command": command, "keep": keep}
        for job, (_, command, keep) in _JOBS.items()
    }
    settings = {
        "folder": "hello",
        "results": {"0": "SUCCESS", "12": "UNSTABLE", "130": "ABORTED"},
        "repeat": {"exit_codes": [13], "after_seconds": 60},
        "environment": ["PIP_NO_INDEX=1"],
        "registry": "registry.example",
        "files": {"queue": "out/queue.json", "junit": "out/junit.xml"},
        "jobs": jobs,
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    definitions = [
        {"job": {"name": f"hello/{job}", "pipeline-scm": {"script-path": f"jenkins/{name}.Jenkinsfile"}}}
        for job, (name, *_) in _JOBS.items()
    ]
    (folder / "jobs" / "all.yaml").write_text(yaml.safe_dump([{"job": {"name": "hello"}}, *definitions]))
    return Controller(folder, agent.one, root / "archive", pause_seconds=0.0)
