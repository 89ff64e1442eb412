"""Smoke tests against an engine's client that is made up; the real one is in tests/e2e."""

import asyncio

import pytest
import requests
from docker.errors import APIError, ImageNotFound, NotFound

from orchestrator.errors import UnavailableError
from orchestrator.model.config import SmokeTest
from orchestrator.model.references import Reference
from orchestrator.tools.smoke import load, run_tests
from tests.fakes import FakeDocker
from tests.samples import target

TARGET = target("2.0/slim-trixie@s390x")
DIGEST = "sha256:" + "a" * 64
IMAGE = Reference("registry.example", "staging/staging-s390x", digest=DIGEST)
PULL = f"pull registry.example/staging/staging-s390x@{DIGEST} linux/s390x"
REMOVE = f"remove registry.example/staging/staging-s390x@{DIGEST}"
RUN = SmokeTest(name="runs", command=("tool",))


async def problems(*tests: SmokeTest, docker: FakeDocker) -> list[str]:
    results = await run_tests(tests, TARGET, IMAGE, connect=docker.connect)
    return [result.problem for result in results]


async def test_tests_run_in_the_pulled_image_without_network_and_all_is_removed() -> None:
    docker = FakeDocker()

    results = await run_tests([RUN], TARGET, IMAGE, connect=docker.connect)

    assert [(result.name, result.problem, result.seconds < 5) for result in results] == [("runs", "", True)]
    assert docker.calls == [PULL, "create tool without network", "start", "remove container", REMOVE, "close"]


async def test_placeholders_are_filled_in_command_and_expectation() -> None:
    docker = FakeDocker({"tool --version": (0, b"tool 2.0.1 on s390x\n")})
    test = SmokeTest(name="version", command=("tool", "--version"), stdout="tool {version} on {arch}")

    assert await problems(test, docker=docker) == [""]


async def test_without_a_test_for_the_target_nothing_is_even_connected() -> None:
    docker = FakeDocker()

    assert (
        await run_tests([RUN.model_copy(update={"variant": ("alpine",)})], TARGET, IMAGE, connect=docker.connect) == ()
    )
    assert docker.calls == []


async def test_everything_that_is_wrong_is_told_and_no_test_keeps_another_from_running() -> None:
    docker = FakeDocker({"wrong": (0, b"something else"), "ends": (3, b"out"), "as wanted": (4, b"")})

    found = await problems(
        SmokeTest(name="output", command=("wrong",), stdout="tool"),
        SmokeTest(name="status", command=("ends",)),
        SmokeTest(name="expected status", command=("as", "wanted"), exit=4),
        docker=docker,
    )

    assert found == ["printed 'something else', expected 'tool'", "exit status 3, expected 0: said on stderr", ""]


def refusal(status: int) -> APIError:
    response = requests.Response()
    response.status_code = status
    return APIError("refused", response, explanation="exec: tool: not found")


@pytest.mark.parametrize(
    ("silent", "found", "runs"), [(0, "", 1), (2, "", 3), (3, "printed '', expected 'tool 2.0.1'", 3)]
)
async def test_a_test_of_which_nothing_is_heard_is_run_again_for_the_engine_may_have_lost_it(
    silent: int, found: str, runs: int
) -> None:
    docker = FakeDocker({"tool": (0, b"tool 2.0.1")}, silent=silent)

    assert await problems(SmokeTest(name="version", command=("tool",), stdout="tool {version}"), docker=docker) == [
        found
    ]
    assert (docker.counts["created"], docker.calls.count("remove container")) == (runs, runs)


@pytest.mark.parametrize(
    "test",
    [
        SmokeTest(name="quiet", command=("quiet",), stdout=""),
        SmokeTest(name="untold", command=("quiet",)),
        SmokeTest(name="fails", command=("fails",), stdout="tool"),
    ],
)
async def test_a_test_that_need_not_say_anything_is_run_once(test: SmokeTest) -> None:
    docker = FakeDocker({"quiet": (0, b""), "fails": (1, b"")})

    await problems(test, docker=docker)

    assert docker.counts["created"] == 1


async def test_a_program_that_is_not_in_the_image_is_what_the_test_found() -> None:
    docker = FakeDocker(start_error=refusal(400))

    assert await problems(RUN, docker=docker) == ["it does not start: exec: tool: not found"]
    assert "remove container" in docker.calls


async def test_an_engine_that_fails_to_start_anything_is_unavailable() -> None:
    with pytest.raises(UnavailableError, match="the engine: 500 Server Error"):
        await problems(RUN, docker=FakeDocker(start_error=refusal(500)))


async def test_a_test_without_end_is_ended() -> None:
    docker = FakeDocker(hangs=True)

    results = await run_tests([RUN], TARGET, IMAGE, connect=docker.connect, timeout_seconds=0.05)

    assert [result.problem for result in results] == ["no end after 0.05 s"]
    assert docker.calls[-3:] == ["remove container", REMOVE, "close"]


async def test_no_wait_is_without_end_for_an_engine_may_be_lost() -> None:
    docker = FakeDocker()

    await run_tests([RUN], TARGET, IMAGE, connect=docker.connect, timeout_seconds=300)

    assert docker.waits == [330]


async def test_cancelling_removes_the_container() -> None:
    docker = FakeDocker(hangs=True)
    running = asyncio.create_task(run_tests([RUN], TARGET, IMAGE, connect=docker.connect))
    await asyncio.to_thread(docker.started.wait)

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert docker.calls[-3:] == ["remove container", REMOVE, "close"]


@pytest.mark.parametrize(
    "error", [ImageNotFound("no such image"), NotFound("refused", explanation="parent snapshot ab does not exist")]
)
async def test_an_image_that_another_run_removed_is_pulled_again(error: APIError) -> None:
    docker = FakeDocker(lost=1, lost_error=error)

    assert await problems(RUN, docker=docker) == [""]
    assert docker.calls.count(PULL) == 2


@pytest.mark.parametrize("status", [404, 409])
async def test_an_image_that_another_run_removes_is_left_to_it(status: int) -> None:
    docker = FakeDocker(remove_error=refusal(status))

    assert await problems(RUN, docker=docker) == [""]


async def test_an_image_that_stays_in_the_engine_is_told() -> None:
    with pytest.raises(UnavailableError, match="the engine: 500 Server Error"):
        await problems(RUN, docker=FakeDocker(remove_error=refusal(500)))


async def test_what_the_engine_tidied_away_while_it_was_pulled_is_pulled_again() -> None:
    docker = FakeDocker(pull_error="content digest sha256:00: not found", failing_pulls=1)

    assert await problems(RUN, docker=docker) == [""]
    assert docker.calls.count(PULL) == 2


async def test_an_image_that_is_lost_again_and_again_is_told() -> None:
    with pytest.raises(UnavailableError, match="as often as it is pulled: no such image; is something pruning images"):
        await problems(RUN, docker=FakeDocker(lost=100))


@pytest.mark.parametrize(
    ("docker", "expected"),
    [
        (FakeDocker(pull_error="denied"), f"the engine cannot pull {IMAGE}: denied"),
        (FakeDocker(pull_error="x: not found"), f"the engine cannot pull {IMAGE}: x: not found"),
        (FakeDocker(unreachable=True), "the engine: no such socket"),
    ],
)
async def test_an_engine_that_cannot_do_its_part_is_unavailable(docker: FakeDocker, expected: str) -> None:
    with pytest.raises(UnavailableError) as raised:
        await problems(RUN, docker=docker)

    assert str(raised.value) == expected


async def test_loading_gives_the_image_its_names_and_takes_that_of_staging_away() -> None:
    docker = FakeDocker()

    await load(TARGET, IMAGE, [Reference.parse("s390x/tool:2.0"), Reference.parse("tool")], connect=docker.connect)

    assert docker.calls == [PULL, "tag s390x/tool:2.0", "tag tool:latest", REMOVE, "close"]
