"""Builders that answer, or do not, before anything is built."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import InputError, OrchestratorError, ProgramMissingError, UnavailableError
from orchestrator.model.config.builders import Builder
from orchestrator.model.plan import Build
from orchestrator.tools.builders.drivers import Means
from orchestrator.tools.engine.capabilities import Capabilities
from orchestrator.tools.preflight import emulations, ready_builders
from tests.fake_runner import FakeRunner
from tests.fakes import FakeRegistry
from tests.samples import BASE, CONFIG, build
from tests.tools.builders.fake_engines import FakeEngines, seen

LOCAL = "the engine at unix:///run/docker.sock"
NOT_ALLOWED = (
    f"s390x: {LOCAL} runs amd64, i386 by itself; allow emulation by --emulate, or by `emulate: true` in `builders` of "
    "orchestrator.yaml"
)
NO_EMULATOR = f"riscv64: {LOCAL} runs amd64, i386 and has no emulator for it; `orchestrator doctor` says how to get one"
NO_WINDOWS = f"windows-amd64: {LOCAL} runs amd64, i386; name one for windows-amd64 in `builders`"
FARM = Builder(driver="context", name="farm")
WINDOWS = Builder(driver="classic", host="tcp://10.0.0.6:2375")
LTSC2022, LTSC2025 = "10.0.20348.2402", "10.0.26100.4061"
REMOTE = Builder(driver="remote", endpoint="ssh://builder.example")
SILENT_REMOTE = "the builder at ssh://builder.example: no BuildKit answers there; start it, or name another one"


class House:
    """Builders by their entry, an engine here, and one elsewhere that runs s390x alone."""

    def __init__(self) -> None:
        self.runner = FakeRunner()
        self.engines = FakeEngines(
            answers={
                "": seen(),
                "farm": seen("ssh://farm.example", runs=Capabilities(frozenset({"s390x"}), frozenset())),
                "gone": UnavailableError("gone is silent"),
                WINDOWS.host: seen(WINDOWS.host, runs=Capabilities(frozenset({"windows-amd64"}), frozenset())),
            },
            release=LTSC2025,
            runner=self.runner,
        )

    async def __call__(
        self, *builds: Build, builders: dict[str, Builder] | None = None, emulate: bool = False
    ) -> dict[str, str]:
        """Where each target is built."""
        config = CONFIG.model_copy(update={"builders": builders or {}})
        means = Means(self.engines, FakeRegistry(), Path("/scratch"))
        ready = await ready_builders(builds, config, means, emulate=emulate)
        self.emulations = emulations(ready)
        return {str(target): builder.where for target, builder in ready.items()}

    async def problems(self, *builds: Build, builders: dict[str, Builder] | None = None) -> OrchestratorError:
        with pytest.raises(OrchestratorError) as raised:
            await self(*builds, builders=builders)
        return raised.value


@pytest.fixture
def house() -> House:
    return House()


def on(*arches: str) -> list[Build]:
    return [build(f"2.0/trixie@{arch}") for arch in arches]


async def test_several_builders_build_for_one_run(house: House) -> None:
    slim = build("2.0/slim-trixie@s390x")

    where = await house(*on("amd64", "s390x"), slim, builders={"s390x": FARM, "slim-trixie": Builder(emulate=True)})

    assert where == {
        "2.0/trixie@amd64": LOCAL,
        "2.0/trixie@s390x": "the engine at ssh://farm.example",
        "2.0/slim-trixie@s390x": LOCAL,
    }
    assert house.emulations == (("s390x", LOCAL),)


@pytest.mark.parametrize(
    ("arches", "builders", "emulate"),
    [
        (["amd64", "i386"], {}, False),
        (["amd64", "s390x", "arm64v8"], {}, True),
        (["s390x"], {"s390x": Builder(emulate=True)}, False),
        (["s390x", "arm64v8"], {"default": Builder(emulate=True)}, False),
    ],
)
async def test_what_the_engine_runs_or_may_emulate_passes(
    house: House, arches: list[str], builders: dict[str, Builder], *, emulate: bool
) -> None:
    where = await house(*on(*arches), builders=builders, emulate=emulate)

    assert where == {f"2.0/trixie@{arch}": LOCAL for arch in arches}
    assert house.emulations == tuple((arch, LOCAL) for arch in sorted({"s390x", "arm64v8"}.intersection(arches)))


@pytest.mark.parametrize(
    ("arches", "builders", "kind", "problems"),
    [
        (["amd64", "s390x"], {}, InputError, (NOT_ALLOWED,)),
        (["riscv64"], {"default": Builder(emulate=True)}, ProgramMissingError, (NO_EMULATOR,)),
        (["windows-amd64"], {}, InputError, (NO_WINDOWS,)),
        (["riscv64", "s390x"], {}, InputError, (NO_EMULATOR, NOT_ALLOWED)),
        (
            ["amd64"],
            {"amd64": FARM},
            ProgramMissingError,
            (
                "amd64: the engine at ssh://farm.example runs s390x and has no emulator for it; register one on its "
                "machine, or name another builder for amd64 in `builders`",
            ),
        ),
        (["s390x"], {"s390x": REMOTE}, UnavailableError, (SILENT_REMOTE,)),
        (
            ["amd64", "arm64v8", "s390x"],
            {"amd64": Builder(driver="context", name="gone"), "s390x": REMOTE, "arm64v8": Builder()},
            InputError,
            (
                "gone is silent",
                NOT_ALLOWED.replace("s390x", "arm64v8"),
                SILENT_REMOTE,
            ),
        ),
    ],
)
async def test_everything_that_stands_in_the_way_is_told_at_once(
    house: House,
    arches: list[str],
    builders: dict[str, Builder],
    kind: type[OrchestratorError],
    problems: tuple[str, ...],
) -> None:
    error = await house.problems(*on(*arches), builders=builders)

    assert (type(error), error.problems) == (kind, problems)


def windows(os_version: str, *, dockerfile: str = "FROM busybox:trixie\nRUN tool\n") -> Build:
    """A build on a base of this release of Windows."""
    made = build("2.0/windowsservercore-ltsc2025@windows-amd64")
    [base] = made.bases
    return replace(made, bases=(replace(base, os_version=os_version),), dockerfile=dockerfile)


@pytest.mark.parametrize("patch", ["10.0.26100.4061", "10.0.26100.1"])
async def test_an_engine_of_the_bases_windows_release_builds_on_it(house: House, patch: str) -> None:
    where = await house(windows(patch), builders={"windowsservercore-ltsc2025": WINDOWS})

    assert where == {"2.0/windowsservercore-ltsc2025@windows-amd64": "the engine at tcp://10.0.0.6:2375"}


async def test_an_engine_of_another_windows_release_is_refused_by_both_names(house: House) -> None:
    error = await house.problems(windows(LTSC2022), builders={"windows-amd64": WINDOWS})

    assert (type(error), error.problems) == (
        InputError,
        (
            f"windowsservercore-ltsc2025: base busybox:trixie is Windows {LTSC2022}, but the engine at "
            f"tcp://10.0.0.6:2375 is Windows {LTSC2025}; name a builder of the base's release as "
            "`windowsservercore-ltsc2025` in `builders`",
        ),
    )


async def test_what_only_buildkit_can_do_is_told_before_the_classic_builder_is_asked(house: House) -> None:
    one = windows(LTSC2025, dockerfile="FROM busybox:trixie\nRUN --mount=type=cache,target=/c tool\n")

    error = await house.problems(one, builders={"windows-amd64": WINDOWS})

    [problem] = error.problems
    assert problem.startswith("dockerfiles/2.0/windowsservercore-ltsc2025/Dockerfile: line 2: ")


async def test_a_builder_elsewhere_needs_bases_that_it_can_reach(house: House) -> None:
    [one] = on("s390x")
    [base] = one.bases
    mirrored = replace(base, pinned=replace(BASE, registry="127.0.0.1:5000").pinned(base.digest))

    error = await house.problems(replace(one, bases=(mirrored,)), builders={"s390x": FARM})

    assert (type(error), error.problems) == (
        InputError,
        (
            "s390x: the engine at ssh://farm.example cannot reach the bases at 127.0.0.1:5000, which leads to this "
            "machine alone; put them into a registry that both reach, or name another builder in `builders`",
        ),
    )
