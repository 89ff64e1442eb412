"""Accepts what a builder made: checked, pushed, tested, and only then named by its build ID."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from orchestrator.errors import ExitCode
from orchestrator.model.config import SmokeTest
from orchestrator.model.outcomes import Outcome, Result, TestResult
from orchestrator.model.references import Reference
from orchestrator.model.targets import Target
from orchestrator.tools import smoke, staging
from orchestrator.tools.builders import ReadyBuilder, Untested
from orchestrator.tools.buildx import Order
from orchestrator.tools.registry import Registry


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What is asked of every image."""

    registry: Registry
    tests: Sequence[SmokeTest]
    keep_alive: bool = False
    """Whether manifests in staging get tags of their own, against a registry that clears away what no tag names."""

    async def of(
        self,
        order: Order,
        outcome: Outcome,
        *,
        builder: ReadyBuilder,
        phase: Callable[[str], None],
        arrived: Callable[[int, int], None],
    ) -> Outcome:
        """The outcome of a build that ended well, once its image is staged, or with the smoke tests that it failed.

        `phase` is told what is done, `arrived` how many bytes of how many the registry has. Raises ContractBrokenError
        for what is not the image that was ordered, and what keeps it from being pushed or tested.
        """
        build = order.build
        phase("checking")
        made = await builder.made(order, self.registry)
        phase("pushing")
        index = await staging.push(made, build, self.registry, arrived=arrived)
        results, untested = await self._tested(build.target, build.staging.pinned(made.image.digest), builder, phase)
        outcome = replace(
            outcome,
            digest=index.digest,
            image_digest=made.image.digest,
            size=sum(layer.size for layer in made.image.layers),
            tests=results,
            untested=untested,
        )
        broken = [f"smoke test {test.name}: {test.problem}" for test in results if test.problem]
        if broken:
            return replace(outcome, code=ExitCode.TEST_FAILED, detail="\n".join(broken))
        kept = await staging.tag(build, index, self.registry, keep_alive=self.keep_alive)
        image_digest = staging.image_of(kept).digest
        return replace(outcome, result=Result.BUILT, digest=kept.digest, image_digest=image_digest)

    async def _tested(
        self, target: Target, image: Reference, builder: ReadyBuilder, phase: Callable[[str], None]
    ) -> tuple[tuple[TestResult, ...], str]:
        """What the smoke tests found, or why there was nowhere to run them."""
        if not smoke.tests_of(self.tests, target):
            return (), ""
        tester = builder.testers[target.arch]
        if isinstance(tester, Untested):
            return (), tester.reason
        phase("testing")
        return await smoke.run_tests(self.tests, target, image, connect=tester), ""
