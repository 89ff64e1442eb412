"""What each driver makes of its entry in `builders`, with engines and daemons that are made up."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import certifi
import pytest

from orchestrator.errors import InputError, OrchestratorError, ProgramMissingError, UnavailableError
from orchestrator.model.config import Config, SmokeTest
from orchestrator.model.config.builders import Builder
from orchestrator.tools.builders import ReadyBuilder, Untested, results
from orchestrator.tools.builders.drivers import Means, look_at, runs
from orchestrator.tools.builders.engines import SeenEngine
from orchestrator.tools.builders.remote import Daemon, create_command
from orchestrator.tools.builders.uses import uses
from orchestrator.tools.engine.capabilities import Capabilities
from orchestrator.tools.engine.certificates import Certificates
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
    runner: FakeRunner | None = None,
) -> ReadyBuilder:
    """The builder of an image for s390x and its engine, or the daemon that runs s390x alone."""
    config = registry.model_copy(update={"builders": {"default": builder}, "tests": tests})
    [use] = uses([build("2.0/trixie@s390x", config=config)], config, emulate=True)
    engines = FakeEngines(answers=answers, runner=runner or FakeRunner(ALL_WELL), release=release)
    return await look_at(use, Means(engines, FakeRegistry(), Path("/scratch")))


async def test_the_local_engine_builds_leaves_a_layout_and_tests() -> None:
    local = seen()

    ready = await looked_at(Builder(), {"": local})

    assert (ready.key, ready.where, ready.address) == ("default", f"the engine at {HERE}", HERE)
    assert (ready.name, ready.runs) == ("default", RUNS)
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
        await looked_at(builder, {"": seen(), "farm": seen()}, runner=FakeRunner({"docker": ABSENT}))


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


async def test_buildx_is_told_of_the_certificates_that_an_entry_names(tmp_path: Path) -> None:
    certificates = authority_in(tmp_path)
    runner = FakeRunner(ALL_WELL)

    await looked_at(remote_with(certificates), {"": seen()}, runner=runner)

    assert runner.asked[0] == tuple(create_command(Daemon(ENDPOINT, certificates)))


async def test_an_engine_is_trusted_by_the_certificates_that_its_entry_names(tmp_path: Path) -> None:
    certificates, host = authority_in(tmp_path), "tcp://10.0.0.6:2376"
    engines = FakeEngines(answers={host: seen(host)})

    await runs(Builder(driver="classic", host=host, certificates=str(certificates.folder)), engines, tmp_path)

    assert engines.trusted == {host: certificates}


@pytest.mark.parametrize("driver", ["remote", "classic"])
async def test_certificates_that_are_not_there_are_told_before_anything_is_asked(driver: str, tmp_path: Path) -> None:
    address = {"remote": "endpoint", "classic": "host"}[driver]
    builder = Builder.model_validate({"driver": driver, address: ENDPOINT, "certificates": str(tmp_path)})
    runner = FakeRunner()

    with pytest.raises(InputError, match=rf"the certificates for {ENDPOINT}: {tmp_path}/ca\.pem: No such file"):
        await looked_at(builder, {}, runner=runner)

    assert runner.asked == []


def authority_in(folder: Path) -> Certificates:
    """A folder with no more than an authority."""
    shutil.copy(certifi.where(), folder / "ca.pem")
    return Certificates(folder, has_ours=False)


def remote_with(certificates: Certificates) -> Builder:
    return Builder(driver="remote", endpoint=ENDPOINT, certificates=str(certificates.folder))
