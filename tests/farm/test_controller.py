import asyncio
from pathlib import Path

from tests.farm.controller import FAILURE, SUCCESS
from tests.farm.fakes import BUILD, FakeAgent, controller, ends
from tests.farm.steps import FORGET, PREPARE, READY, AgentLostError

TARGET = "2.0/trixie@s390x"
ENTRY = {"target": TARGET, "build_id": "one", "agent": "builder"}


async def test_a_build_runs_where_its_queue_says_and_keeps_its_files(tmp_path: Path) -> None:
    agent = FakeAgent(tmp_path, ends({}))

    run = await controller(agent, tmp_path).run("s390x/build", target=TARGET, agent="windows && windows-2025")

    assert (run.result, agent.labels) == (SUCCESS, ["windows && windows-2025"])
    assert agent.environments[-1] == {
        "PIP_NO_INDEX": "1",
        "DOCKER_CONFIG": f"{tmp_path}/disk/workspace/s390x/build@tmp/docker",
        "REGISTRY": "registry.example",
        "TARGET": TARGET,
        "ORIGIN": f"{tmp_path}/family",
    }
    assert (run.kept / "out" / "junit.xml").exists()


async def test_jobs_that_nobody_waits_for_are_run_once_for_all_who_asked_in_time(tmp_path: Path) -> None:
    queues = [{"queue": [{**ENTRY, "build_id": number}], "blocked": [], "left_out": 0} for number in ("one", "two")]
    jenkins = controller(FakeAgent(tmp_path, ends({}, queues=queues)), tmp_path)

    await asyncio.gather(*(jenkins.run("s390x/trigger") for _ in queues))
    await jenkins.started()

    assert [run.job for run in jenkins.runs][-1] == "publish"
    assert [run.job for run in jenkins.runs].count("s390x/build") == 2


async def test_two_runs_for_one_build_id_never_run_at_the_same_time(tmp_path: Path) -> None:
    agent = FakeAgent(tmp_path, ends({}))
    jenkins = controller(agent, tmp_path)

    await asyncio.gather(*(jenkins.run("s390x/build", target=TARGET, build_id="one") for _ in range(2)))

    assert agent.told == [PREPARE, READY, BUILD, FORGET] * 2


async def test_a_run_whose_agent_goes_away_fails(tmp_path: Path) -> None:
    def act(script: str, workspace: Path) -> int:
        raise AgentLostError("agent")

    run = await controller(FakeAgent(tmp_path, act), tmp_path).run("publish")

    assert (run.result, run.codes, run.agent) == (FAILURE, (), "agent")
