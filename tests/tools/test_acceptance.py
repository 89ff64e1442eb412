"""What is asked of an image before it gets its build ID."""

from pathlib import Path

import pytest

from orchestrator.errors import ContractBrokenError, ExitCode
from orchestrator.model.config import SmokeTest
from orchestrator.model.outcomes import Outcome, Result
from orchestrator.tools import layout
from orchestrator.tools.acceptance import Acceptance
from orchestrator.tools.builders import Collect, ReadyBuilder, Tester, Untested
from orchestrator.tools.buildx import Order, Solved
from orchestrator.tools.engine.capabilities import Capabilities
from orchestrator.tools.registry import Registry
from orchestrator.tools.staging import Made
from tests import samples
from tests.fakes import FakeDocker, FakeRegistry

BUILD = samples.build("2.0/trixie@amd64")
RUNS = SmokeTest(name="runs", command=("tool",))
BEFORE = Outcome(str(BUILD.target), "amd64", BUILD.build_id, Result.FAILED, ExitCode.DONE, steps=3)


class House:
    """A builder that has made its image, and a registry for it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.registry = FakeRegistry()
        self.docker = FakeDocker()
        self.tester: Tester = self.docker.connect
        self.made: Collect = self.collected
        self.tests: tuple[SmokeTest, ...] = (RUNS,)
        self.phases: list[str] = []
        self.keep_alive = False

    async def collected(self, order: Order, registry: Registry) -> Made:
        return layout.read(samples.layout(order.output))

    async def solve(self, order: Order, **_: object) -> Solved:
        raise AssertionError("it was built before")

    async def accept(self) -> Outcome:
        builder = ReadyBuilder(
            key="default",
            where="the engine",
            address="unix:///s",
            name="default",
            runs=Capabilities(frozenset({"amd64"}), frozenset()),
            solve=self.solve,
            made=self.made,
            testers={"amd64": self.tester},
        )
        order = Order(
            build=BUILD,
            builder="default",
            context=self.root / "context",
            sources=None,
            output=self.root / "layout",
            epoch=0,
            log=self.root / "log",
        )
        acceptance = Acceptance(self.registry, self.tests, keep_alive=self.keep_alive)
        return await acceptance.of(
            order, BEFORE, builder=builder, phase=self.phases.append, arrived=lambda count, total: None
        )

    @property
    def kept(self) -> int:
        """How many manifests have a tag of their own."""
        return sum(reference.startswith(f"{BUILD.staging.repository}:k-") for reference in self.registry.documents)

    @property
    def is_staged(self) -> bool:
        return str(BUILD.staging) in self.registry.documents


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_an_image_that_passes_gets_its_build_id(house: House) -> None:
    outcome = await house.accept()

    assert (outcome.result, outcome.code, outcome.steps, outcome.untested) == (Result.BUILT, ExitCode.DONE, 3, "")
    assert (outcome.digest, [test.name for test in outcome.tests]) == (
        house.registry.documents[str(BUILD.staging)].digest,
        ["runs"],
    )
    assert house.phases == ["checking", "pushing", "testing"]


async def test_an_image_that_fails_a_test_gets_none_and_is_not_kept_alive(house: House) -> None:
    house.docker.prints = {"tool": (3, b"")}
    house.keep_alive = True

    outcome = await house.accept()

    assert (outcome.code, house.is_staged, house.kept) == (ExitCode.TEST_FAILED, False, 0)


@pytest.mark.parametrize(("keep_alive", "kept"), [(True, 2), (False, 0)])
async def test_image_and_attestation_are_kept_alive_where_that_is_wished(
    house: House, keep_alive: bool, kept: int
) -> None:
    house.keep_alive = keep_alive

    await house.accept()

    assert house.kept == kept


async def test_an_image_that_nothing_can_test_gets_its_build_id_and_says_so(house: House) -> None:
    house.tester = Untested("no engine answers")

    outcome = await house.accept()

    assert (outcome.result, outcome.untested, outcome.tests, house.is_staged) == (
        Result.BUILT,
        "no engine answers",
        (),
        True,
    )
    assert house.phases == ["checking", "pushing"]


async def test_nothing_is_pushed_of_what_is_not_the_image(house: House) -> None:
    async def broken(order: Order, registry: Registry) -> Made:
        raise ContractBrokenError("two images")

    house.made = broken

    with pytest.raises(ContractBrokenError, match="two images"):
        await house.accept()
    assert (house.phases, house.registry.written) == (["checking"], [])
