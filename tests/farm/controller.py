"""Runs jobs as Jenkins would: it reads what `orchestrator jenkins` wrote, and does what the pipelines say.

It differs in two things: pauses are short, and it starts a job a second time while the first run goes on, where Jenkins
would let it wait.
"""

import asyncio
import contextlib
import json
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tests.farm import steps
from tests.farm.steps import Agent, AgentLostError, StepFailedError

SUCCESS, UNSTABLE, FAILURE = "SUCCESS", "UNSTABLE", "FAILURE"

Agents = Callable[[str], contextlib.AbstractAsyncContextManager[Agent]]
"""Gives an agent that a label expression means, as soon as one is free."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job."""

    job: str
    number: int
    target: str = ""
    agent: str = ""
    began: float = 0.0
    """When it got its agent, in seconds since 1970; `ended`: when it gave it back."""
    ended: float = 0.0
    result: str = FAILURE
    codes: tuple[int, ...] = ()
    """With which exit codes its command ended, each time that it was run."""
    kept: Path = Path()
    """The folder with what it archived, and its console."""


@dataclass
class Controller:
    """Jenkins, as far as the pipelines need it."""

    folder: Path
    """The family's `jenkins/`."""
    agents: Agents
    archive: Path
    """Where runs keep their files."""
    pause_seconds: float
    """Before a command is repeated; Jenkins takes what the settings say."""
    runs: list[Run] = field(default_factory=list)
    """Those that have ended, in the order in which they did."""
    _numbers: Counter[str] = field(default_factory=Counter)
    _locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _in_use: set[Path] = field(default_factory=set)
    """Workspaces."""
    _asked_for: set[str] = field(default_factory=set)
    _started: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, job: str, *, target: str = "", build_id: str = "", agent: str = "") -> Run:
        """Run a job to its end; a run that fails is a value."""
        self._numbers[job] += 1
        began = Run(job, self._numbers[job], target, kept=self.archive / job / str(self._numbers[job]))
        began.kept.mkdir(parents=True)
        match self._pipeline(job):
            case "build.Jenkinsfile":
                ended = await self._build(began, build_id, agent)
            case "trigger.Jenkinsfile":
                ended = await self._trigger(began)
            case _:
                ended = await self._verb(began)
        self.runs.append(ended)
        return ended

    async def started(self) -> None:
        """Wait for the runs that pipelines started and did not wait for."""
        while self._started:
            await asyncio.gather(*self._started)

    async def _build(self, run: Run, build_id: str, agent: str) -> Run:
        async with self._locks[f"build {build_id or run.target}"]:
            ended = await self._verb(run, agent, TARGET=run.target)
            has_results = (ended.kept / self._settings["files"]["junit"]).exists()
            return ended if has_results or ended.result != SUCCESS else replace(ended, result=FAILURE)

    async def _trigger(self, run: Run) -> Run:
        asked = await self._verb(run)
        file = asked.kept / self._settings["files"]["queue"]
        queue = json.loads(file.read_text()) if file.exists() else {}
        job = f"{run.job.partition('/')[0]}/build"
        built = await asyncio.gather(
            *(
                self.run(job, target=entry["target"], build_id=entry["build_id"], agent=entry["agent"])
                for entry in queue.get("queue", ())
            )
        )
        good = sum(each.result == SUCCESS for each in built)
        if good:
            self._start("publish")
        if good and (queue["blocked"] or queue["left_out"]):
            self._start(run.job)
        if good < len(built):
            return replace(asked, result=UNSTABLE if good else FAILURE)
        return asked

    async def _verb(self, run: Run, label: str = "", **variables: str) -> Run:
        """Run the command of a job on an agent, and keep its files."""
        settings = self._settings
        job = settings["jobs"][run.job]
        async with self.agents(label or job["agent"]) as agent, self._workspace(agent, run.job) as workspace:
            began = replace(run, agent=agent.name, began=time.time())
            place = steps.place(agent, workspace, run.kept / "console", settings, **variables)

            async def work() -> tuple[int, ...]:
                codes = await steps.command(place, job["command"], settings["repeat"], pause_seconds=self.pause_seconds)
                steps.keep(place, job["keep"], run.kept)
                return codes

            try:
                codes = await steps.in_checkout(place, work, minutes=job["minutes"])
            except (StepFailedError, AgentLostError, TimeoutError):
                return replace(began, ended=time.time())
            result = settings["results"].get(str(codes[-1]), FAILURE)
            return replace(began, ended=time.time(), codes=codes, result=result)

    @contextlib.asynccontextmanager
    async def _workspace(self, agent: Agent, job: str) -> AsyncIterator[Path]:
        """The folder of a job on an agent; a run beside another has one with a number."""
        folder = agent.root / "workspace" / job
        number = 1
        while folder in self._in_use:
            number += 1
            folder = folder.with_name(f"{folder.name.partition('@')[0]}@{number}")
        self._in_use.add(folder)
        try:
            yield folder
        finally:
            self._in_use.discard(folder)

    def _start(self, job: str) -> None:
        """Start a job that nobody waits for; a run that waits for its turn does for all who asked until then."""
        if job in self._asked_for:
            return
        self._asked_for.add(job)
        task = asyncio.create_task(self._in_turn(job))
        self._started.add(task)
        task.add_done_callback(self._started.discard)

    async def _in_turn(self, job: str) -> None:
        async with self._locks[f"job {job}"]:
            self._asked_for.discard(job)
            await self.run(job)

    @property
    def _settings(self) -> Any:
        return json.loads((self.folder / "settings.json").read_text())

    def _pipeline(self, job: str) -> str:
        """The file of the pipeline of a job, from its definition."""
        files = sorted((self.folder / "jobs").glob("*.yaml"))
        definitions = [entry["job"] for file in files for entry in yaml.safe_load(file.read_text())]
        name = f"{self._settings['folder']}/{job}"
        [script] = [each["pipeline-scm"]["script-path"] for each in definitions if each["name"] == name]
        return Path(script).name
