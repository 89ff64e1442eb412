"""What each driver makes of its entry in `builders`, with engines and daemons that are made up."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.errors import OrchestratorError, ProgramMissingError, UnavailableError
from orchestrator.model.config import Builder, Config, SmokeTest
from orchestrator.tools.builders import ReadyBuilder, Untested, results
from orchestrator.tools.builders.drivers import Means, look_at
from orchestrator.tools.builders.engines import SeenEngine
from orchestrator.tools.builders.uses import uses
from orchestrator.tools.engine.capabilities import Capabilities
from tests.fake_runner import ABSENT, Answer, FakeRunner
from tests.fakes import FakeRegistry
from tests.samples import CONFIG, build
from tests.tools.builders.fake_engines import HERE, RUNS, FakeEngines, seen

ENDPOINT = "tcp://10.0.0.5:1234"
ALL_WELL = {"docker buildx inspect": Answer(stdout="Status: running\nPlatforms: linux/s390x\n")}
NO_ENGINE = ProgramMissingError("Docker does not answer")
LOCAL_REGISTRY = CONFIG.model_copy(update={"registry": "127.0.0.1:5000"})
TESTS = (SmokeTest(name="runs", command=("tool",)),)


async def looked_at(
    builder: Builder,
    answers: Mapping[str, SeenEngine | OrchestratorError],
    *,
    registry: Config = CONFIG,
    tests: tuple[SmokeTest, ...] = TESTS,
    release: str = "",
    script: Mapping[str, Answer] = ALL_WELL,
) -> ReadyBuilder:
    """The builder of an image for s390x and its engine, or the daemon that runs s390x alone."""
    config = registry.model_copy(update={"builders": {"default": builder}, "tests": tests})
    [use] = uses([build("2.0/trixie@s390x", config=config)], config, emulate=True)
    engines = FakeEngines(answers=answers, runner=FakeRunner(script), release=release)
    return await look_at(use, Means(engines, FakeRegistry(), Path("/scratch")))


async def test_the_local_engine_builds_leaves_a_layout_and_tests() -> None:
    local = seen()

    ready = await looked_at(Builder(), {"": local})

    assert (ready.where, ready.address, ready.name, ready.runs) == (f"the engine at {HERE}", HERE, "default", RUNS)
    assert (ready.made, ready.pushes, ready.testers) == (results.left, False, {"s390x": local.connect})


async def test_the_engine_of_a_context_is_called_by_its_name() -> None:
    farm = seen("ssh://farm.example", context="farm")

    ready = await looked_at(Builder(driver="context", name="farm"), {"farm": farm})

    assert (ready.where, ready.name, ready.pushes) == ("the engine at ssh://farm.example", "farm", False)
    assert ready.testers == {"s390x": farm.connect}


async def test_an_engine_elsewhere_cannot_test_what_only_this_machine_reaches() -> None:
    ready = await looked_at(
        Builder(driver="context", name="farm"), {"farm": seen("ssh://farm.example")}, registry=LOCAL_REGISTRY
    )

    assert ready.testers == {
        "s390x": Untested(
            "the engine at ssh://farm.example cannot reach 127.0.0.1:5000, which leads to this machine alone"
        )
    }


@pytest.mark.parametrize("builder", [Builder(), Builder(driver="context", name="farm")])
async def test_an_engine_is_of_no_use_without_dockers_client(builder: Builder) -> None:
    with pytest.raises(ProgramMissingError, match="`docker` is not on this machine"):
        await looked_at(builder, {"": seen(), "farm": seen()}, script={"docker": ABSENT})


@pytest.mark.parametrize(
    ("endpoint", "registry", "pushes"),
    [
        (ENDPOINT, CONFIG, True),
        (ENDPOINT, LOCAL_REGISTRY, False),
        ("tcp://127.0.0.1:1234", LOCAL_REGISTRY, True),
        ("unix:///run/buildkit.sock", LOCAL_REGISTRY, True),
        ("docker-container://buildkit", LOCAL_REGISTRY, False),
    ],
)
async def test_a_daemon_pushes_by_itself_where_it_reaches_the_registry(
    endpoint: str, registry: Config, *, pushes: bool
) -> None:
    ready = await looked_at(Builder(driver="remote", endpoint=endpoint), {"": seen()}, registry=registry)

    assert (ready.where, ready.address, ready.name) == (f"the builder at {endpoint}", endpoint, "remote")
    assert ready.runs == Capabilities(frozenset({"s390x"}), frozenset())
    assert (ready.pushes, ready.made) == (pushes, results.sent if pushes else results.left)


@pytest.mark.parametrize(
    ("local", "reason"),
    [
        (NO_ENGINE, "Docker does not answer"),
        (
            seen(runs=Capabilities(frozenset({"amd64"}), frozenset())),
            f"the engine at {HERE} does not run programs for s390x",
        ),
    ],
)
async def test_a_daemon_without_an_engine_for_its_tests_says_why(
    local: SeenEngine | OrchestratorError, reason: str
) -> None:
    ready = await looked_at(Builder(driver="remote", endpoint=ENDPOINT), {"": local})

    assert ready.testers == {"s390x": Untested(reason)}


async def test_a_daemon_may_have_an_engine_named_for_its_tests() -> None:
    farm = seen("ssh://farm.example", context="farm")

    ready = await looked_at(Builder(driver="remote", endpoint=ENDPOINT, test_on="farm"), {"": NO_ENGINE, "farm": farm})

    assert ready.testers == {"s390x": farm.connect}


async def test_an_engine_that_is_named_for_tests_must_answer() -> None:
    with pytest.raises(UnavailableError, match="farm is silent"):
        await looked_at(
            Builder(driver="remote", endpoint=ENDPOINT, test_on="farm"), {"farm": UnavailableError("farm is silent")}
        )


@pytest.mark.parametrize(
    ("builder", "host"),
    [(Builder(driver="classic"), ""), (Builder(driver="classic", host="tcp://10.0.0.6:2375"), "tcp://10.0.0.6:2375")],
)
async def test_the_classic_builder_is_an_engines_api_and_leaves_base_layers_out(builder: Builder, host: str) -> None:
    engine = seen(host or HERE)

    ready = await looked_at(builder, {host: engine}, release="10.0.26100.1")

    assert (ready.where, ready.address, ready.os_version) == (engine.where, engine.engine.host, "10.0.26100.1")
    assert (ready.made, ready.pushes) == (results.left_without_bases, False)
    assert ready.testers == {"s390x": engine.connect}


async def test_without_tests_a_daemon_needs_no_engine() -> None:
    ready = await looked_at(Builder(driver="remote", endpoint=ENDPOINT), {}, tests=())

    assert ready.testers == {}
