import pytest

from orchestrator.errors import InputError, OrchestratorError, ProgramMissingError
from orchestrator.model.config import Builder, Config
from orchestrator.tools.engine.capabilities import Capabilities
from orchestrator.tools.preflight import check_arches, check_drivers

HOST = "unix:///run/docker.sock"
RUNS = Capabilities(frozenset({"amd64", "i386"}), frozenset({"arm64v8", "s390x"}))
NOT_ALLOWED = (
    "s390x: the engine at unix:///run/docker.sock runs amd64, i386 by itself; allow emulation by --emulate, or by "
    "`emulate: true` in `builders` of orchestrator.yaml"
)
NO_EMULATOR = (
    "riscv64: the engine at unix:///run/docker.sock runs amd64, i386 and has no emulator for it; "
    "`orchestrator doctor` says how to get one"
)
NO_WINDOWS = (
    "windows-amd64: the engine at unix:///run/docker.sock runs amd64, i386; name one for windows-amd64 in `builders`"
)


def config(**builders: Builder) -> Config:
    return Config(image="tool", builders=builders)


@pytest.mark.parametrize(
    ("arches", "given", "emulate"),
    [
        (["amd64", "i386"], config(), False),
        (["amd64", "s390x", "arm64v8"], config(), True),
        (["s390x"], config(s390x=Builder(emulate=True)), False),
        (["s390x", "arm64v8"], config(default=Builder(emulate=True)), False),
    ],
)
def test_what_the_engine_runs_or_may_emulate_passes(arches: list[str], given: Config, *, emulate: bool) -> None:
    check_arches(arches, given, host=HOST, runs=RUNS, emulate=emulate)


@pytest.mark.parametrize(
    ("arches", "emulate", "kind", "problems"),
    [
        (["amd64", "s390x"], False, InputError, (NOT_ALLOWED,)),
        (["riscv64"], True, ProgramMissingError, (NO_EMULATOR,)),
        (["windows-amd64"], True, InputError, (NO_WINDOWS,)),
        (["riscv64", "s390x"], False, InputError, (NO_EMULATOR, NOT_ALLOWED)),
    ],
)
def test_what_it_cannot_run_is_told_for_every_arch(
    arches: list[str], *, emulate: bool, kind: type[OrchestratorError], problems: tuple[str, ...]
) -> None:
    with pytest.raises(kind) as raised:
        check_arches(arches, config(), host=HOST, runs=RUNS, emulate=emulate)

    assert raised.value.problems == problems


def test_drivers_that_cannot_build_are_told_before_an_engine_is_looked_for() -> None:
    given = config(
        **{"windows-amd64": Builder(driver="classic"), "s390x": Builder(driver="remote", endpoint="tcp://10.0.0.5:1")}
    )

    with pytest.raises(InputError) as raised:
        check_drivers(["amd64", "s390x", "windows-amd64"], given)

    assert raised.value.problems == (
        "builders: s390x: the driver 'remote' cannot build yet; leave s390x out by --arch",
        "builders: windows-amd64: the driver 'classic' cannot build yet; leave windows-amd64 out by --arch",
    )


def test_drivers_of_arches_that_are_not_wanted_do_not_matter() -> None:
    check_drivers(["amd64"], config(**{"windows-amd64": Builder(driver="classic")}))
