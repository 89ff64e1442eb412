"""What an engine can run: asked of the kernel here, of BuildKit elsewhere."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import UnavailableError
from orchestrator.tools.engine.capabilities import Capabilities, buildkit_capabilities, capabilities
from orchestrator.tools.engine.docker_host import Engine
from tests.fake_runner import Answer, FakeRunner

HERE = Engine("unix:///s", private=True, version="26.1.5", platforms=("linux/amd64", "linux/386"))
AWAY = replace(HERE, host="tcp://192.0.2.1:2376", here=False)


def inspected(platforms: str) -> Answer:
    return Answer(stdout=f"Name: default\nStatus: running\nPlatforms: {platforms}\nLabels:\n")


@pytest.mark.parametrize(
    ("machines", "expected"),
    [
        ("3|62|22", Capabilities(native=frozenset({"amd64", "i386"}), emulated=frozenset({"s390x"}))),
        ("62", Capabilities(native=frozenset({"amd64"}), emulated=frozenset())),
    ],
)
async def test_here_it_is_what_runs(tmp_path: Path, machines: str, expected: Capabilities) -> None:
    runner = FakeRunner({rf"(chroot|env) .*/({machines})$": Answer(42)})

    assert await capabilities(HERE, runner=runner, state=tmp_path) == expected


@pytest.mark.parametrize(
    ("platforms", "expected"),
    [
        ("linux/amd64, linux/amd64/v2, linux/386", Capabilities(frozenset({"amd64", "i386"}), frozenset())),
        (
            "linux/amd64* (+3), linux/arm64, linux/arm/v7, linux/loong64",
            Capabilities(frozenset({"amd64", "i386"}), frozenset({"arm64v8", "arm32v7"})),
        ),
    ],
)
async def test_elsewhere_it_is_what_buildkit_lists(tmp_path: Path, platforms: str, expected: Capabilities) -> None:
    runner = FakeRunner({"docker buildx inspect default": inspected(platforms)})

    found = await capabilities(AWAY, runner=runner, state=tmp_path)

    assert found == expected
    assert runner.environments == [{"DOCKER_HOST": AWAY.host}]


async def test_windows_is_not_asked_for_buildkit(tmp_path: Path) -> None:
    runner = FakeRunner()

    found = await capabilities(replace(AWAY, platforms=("windows/amd64",)), runner=runner, state=tmp_path)

    assert (found, runner.asked) == (Capabilities(frozenset({"windows-amd64"}), frozenset()), [])


async def test_a_context_is_asked_by_its_name(tmp_path: Path) -> None:
    runner = FakeRunner({"docker buildx inspect farm": inspected("linux/amd64")})

    await capabilities(replace(AWAY, context="farm"), runner=runner, state=tmp_path)

    assert runner.environments == [{"DOCKER_CONTEXT": "farm", "DOCKER_HOST": ""}]


@pytest.mark.parametrize(
    ("platforms", "expected"),
    [
        ("linux/amd64, linux/amd64/v2, linux/386", Capabilities(frozenset({"amd64", "i386"}), frozenset())),
        ("linux/arm64, linux/arm/v7", Capabilities(frozenset({"arm64v8"}), frozenset({"arm32v7"}))),
        ("linux/s390x", Capabilities(frozenset({"s390x"}), frozenset())),
        ("", Capabilities(frozenset(), frozenset())),
    ],
)
async def test_a_buildkit_alone_lists_its_own_machine_first(platforms: str, expected: Capabilities) -> None:
    runner = FakeRunner({"docker buildx inspect remote": inspected(platforms)})

    assert await buildkit_capabilities("remote", runner=runner, environment={}) == expected


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(stdout="Name: remote\nStatus: inactive\n"), "no BuildKit answers there"),
        (Answer(1, stderr="more\nERROR: failed to initialize builder\n"), "failed to initialize builder"),
    ],
)
async def test_a_builder_that_does_not_answer_is_told_why(answer: Answer, reason: str) -> None:
    runner = FakeRunner({"docker buildx inspect remote": answer})

    with pytest.raises(UnavailableError) as raised:
        await buildkit_capabilities("remote", runner=runner, environment={})

    assert raised.value.problems == (reason,)
