from collections.abc import Mapping
from functools import partial

from orchestrator.tools import buildx
from orchestrator.tools.builders import ReadyBuilder, Tester, Untested, engines_that_test, results
from tests.fake_runner import FakeRunner
from tests.fakes import FakeDocker
from tests.tools.builders.fake_engines import HERE, RUNS


def ready(key: str, testers: Mapping[str, Tester]) -> ReadyBuilder:
    solve = partial(buildx.solve, runner=FakeRunner(), env={})
    return ReadyBuilder(
        key=key, where="here", address=HERE, name=key, runs=RUNS, solve=solve, made=results.left, testers=testers
    )


def test_each_engine_that_tests_is_named_once() -> None:
    here, far = FakeDocker().connect, FakeDocker().connect
    builders = [
        ready("default", {"amd64": here, "i386": here}),
        ready("s390x", {"s390x": far}),
        ready("remote", {"arm64v8": here, "riscv64": Untested("nobody runs riscv64")}),
    ]

    assert engines_that_test(builders) == (here, far)
