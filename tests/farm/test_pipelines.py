"""The farm's controller beside the pipelines: what Groovy was seen to do with them, it does, too."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.farm.controller import SUCCESS
from tests.farm.fakes import BUILD, PUBLISH, TRIGGER, FakeAgent, controller, ends
from tests.farm.steps import FORGET, READY

GOLDEN = Path(__file__).parents[1] / "golden" / "jenkins"
JOBS = {"build": ("s390x/build", BUILD), "trigger": ("s390x/trigger", TRIGGER), "verb": ("publish", PUBLISH)}
"""By pipeline: a job of the fakes, and its command."""
NOT_OURS = ("aborted", "the login is refused")
"""Nobody aborts a run of the farm, and its registry wants no login."""
NO_RESULTS = "done, and no results to show"

_SECTION = re.compile(r"^== ([^\n]+)\n(.*?)(?=^== |\Z)", re.MULTILINE | re.DOTALL)
_SH = re.compile(r"^ +sh (?!set \+x)(.+)$", re.MULTILINE)
_BUILT = re.compile(r"^  build build TARGET=(\S+) IMAGE_BUILD_ID=(\S+) AGENT=(.+): (\w+)$", re.MULTILINE)
_STARTED = re.compile(r"^build (\S+), not waited for$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one run of a pipeline did in Groovy."""

    pipeline: str
    title: str
    text: str

    @property
    def result(self) -> str:
        return str(re.findall(r"^result: (\w+)$", self.text, re.MULTILINE)[0])

    @property
    def scripts(self) -> list[str]:
        """What `sh` was given, the job's command by the name that the fakes have for it."""
        command = JOBS[self.pipeline][1]
        return [command if script.startswith(".venv/bin/") else script for script in _SH.findall(self.text)]

    @property
    def codes(self) -> list[int]:
        return [int(code) for code in re.findall(r"^ +ended with (\d+)$", self.text, re.MULTILINE)]

    @property
    def built(self) -> list[tuple[str, str, str, str]]:
        """Target, build ID, label and result of each run that it waited for."""
        return _BUILT.findall(self.text)

    @property
    def started(self) -> set[str]:
        """The jobs that it did not wait for."""
        return {name.removeprefix("../") for name in _STARTED.findall(self.text)}


def recorded(*pipelines: str) -> list[Recorded]:
    texts = {pipeline: (GOLDEN / f"{pipeline}.txt").read_text() for pipeline in pipelines}
    runs = [Recorded(name, *found) for name, text in texts.items() for found in _SECTION.findall(text)]
    return [run for run in runs if run.title not in NOT_OURS]


def title(run: Recorded) -> str:
    return f"{run.pipeline}: {run.title}"


@pytest.mark.parametrize("seen", recorded("build", "verb"), ids=title)
async def test_a_command_is_run_as_its_pipeline_runs_it(tmp_path: Path, seen: Recorded) -> None:
    job, command = JOBS[seen.pipeline]
    # Where the command is not reached, the step before the last one failed.
    codes = {command: seen.codes} if seen.codes else {READY: [1]}
    agent = FakeAgent(tmp_path, ends(codes, junit=seen.title != NO_RESULTS))

    run = await controller(agent, tmp_path).run(job)

    assert (agent.told, run.result) == (seen.scripts, seen.result)


@pytest.mark.parametrize("seen", recorded("trigger"), ids=title)
async def test_a_queue_is_worked_off_as_the_pipeline_does_it(tmp_path: Path, seen: Recorded) -> None:
    entries = [{"target": target, "build_id": build_id, "agent": agent} for target, build_id, agent, _ in seen.built]
    waits = ["something"] if "trigger" in seen.started else []
    good = [0 if result == SUCCESS else 10 for *_, result in seen.built]
    queue = {"queue": entries, "blocked": waits, "left_out": 0}
    agent = FakeAgent(tmp_path, ends({TRIGGER: seen.codes, BUILD: good}, queues=[queue]))
    jenkins = controller(agent, tmp_path)

    run = await jenkins.run("s390x/trigger")
    first = agent.told[: agent.told.index(FORGET) + 1]
    await jenkins.started()

    assert (first, run.result) == (seen.scripts, seen.result)
    assert agent.labels[1 : len(entries) + 1] == [entry["agent"] for entry in entries]
    others = [each.job.rpartition("/")[2] for each in jenkins.runs if each is not run]
    assert sorted(others) == sorted([*("build" for _ in entries), *seen.started])
