import pytest

from orchestrator.model.plan.repeat import Told, repeat_command
from tests.samples import target

TARGET = target("2.0/trixie@amd64")
PLAIN = "make build VERSION=2.0 VARIANT=trixie ARCH=amd64"


@pytest.mark.parametrize(
    ("told", "command"),
    [
        (Told(), PLAIN),
        (Told(registry="registry.example:5000"), f"{PLAIN} REGISTRY=registry.example:5000"),
        (Told(emulate=True), f"{PLAIN} EMULATE=1"),
        (Told(build_args={"A": "1"}), f"{PLAIN} BUILD_ARGS=A=1"),
        (
            Told(registry="127.0.0.1:5000", build_args={"B": "2", "A": "x/y"}, emulate=True),
            f"{PLAIN} REGISTRY=127.0.0.1:5000 EMULATE=1 BUILD_ARGS='A=x/y B=2'",
        ),
    ],
)
def test_make_is_told_what_the_run_was_told(told: Told, command: str) -> None:
    assert repeat_command(TARGET, told, forced="") == command


@pytest.mark.parametrize(
    ("told", "forced", "command"),
    [
        (
            Told(build_args={"FLAGS": "-O2 -g", "A": "1"}),
            "",
            "orchestrator build 2.0/trixie@amd64 --build-arg A=1 --build-arg 'FLAGS=-O2 -g'",
        ),
        (Told(build_args={"A": "$HOME"}), "", "orchestrator build 2.0/trixie@amd64 --build-arg 'A=$HOME'"),
        (Told(build_args={"A": "#1"}), "", "orchestrator build 2.0/trixie@amd64 --build-arg 'A=#1'"),
        (
            Told(registry="r.example", mirrors="docker.io=local", emulate=True),
            "",
            "orchestrator --registry r.example --mirror docker.io=local build 2.0/trixie@amd64 --emulate",
        ),
        (Told(has_makefile=False, emulate=True), "", "orchestrator build 2.0/trixie@amd64 --emulate"),
        (Told(folder="examples/a b"), "", "orchestrator -C 'examples/a b' build 2.0/trixie@amd64"),
        (
            Told(),
            "a new compiler",
            "orchestrator build 2.0/trixie@amd64 --force --reason 'a new compiler'",
        ),
    ],
)
def test_what_make_cannot_say_is_said_by_the_tool_itself(told: Told, forced: str, command: str) -> None:
    assert repeat_command(TARGET, told, forced=forced) == command
