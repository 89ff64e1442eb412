import pytest

from orchestrator.model.config import Config
from orchestrator.model.config.builders import Builder
from orchestrator.model.slots import Slots, slots
from tests.samples import target

TRIXIE = {arch: target(f"2.0/trixie@{arch}") for arch in ("amd64", "s390x", "arm64v8")}


@pytest.mark.parametrize(
    ("builders", "jobs", "expected"),
    [
        ({}, None, (2, {"default": 2})),
        ({}, 5, (5, {"default": 5})),
        ({}, 1, (1, {"default": 1})),
        ({"s390x": Builder(jobs=1)}, 5, (5, {"default": 5, "s390x": 1})),
        ({"default": Builder(jobs=4)}, None, (4, {"default": 4})),
        ({"s390x": Builder(jobs=1)}, None, (2, {"default": 2, "s390x": 1})),
        ({"s390x": Builder(jobs=6)}, None, (6, {"default": 2, "s390x": 6})),
        ({"default": Builder(jobs=3), "s390x": Builder(jobs=6)}, 4, (4, {"default": 3, "s390x": 6})),
        ({"riscv64": Builder(jobs=9)}, None, (2, {"default": 2})),
    ],
)
def test_each_builder_has_its_slots_and_the_run_has_its_own(
    builders: dict[str, Builder], jobs: int | None, expected: tuple[int, dict[str, int]]
) -> None:
    free = slots(TRIXIE.values(), Config(image="tool", builders=builders), jobs=jobs, processors=2)

    builder_of = {each: arch if arch in builders else "default" for arch, each in TRIXIE.items()}
    assert free == Slots(*expected, builder_of)


def test_a_variant_may_have_slots_of_its_own() -> None:
    slim = target("2.0/slim-trixie@s390x")
    config = Config(image="tool", builders={"s390x": Builder(jobs=1), "slim-trixie": Builder(jobs=3)})

    free = slots((TRIXIE["s390x"], slim), config, jobs=None, processors=2)

    assert free == Slots(3, {"s390x": 1, "slim-trixie": 3}, {TRIXIE["s390x"]: "s390x", slim: "slim-trixie"})


def test_without_builds_there_is_nothing_to_count() -> None:
    assert slots((), Config(image="tool"), jobs=None, processors=2) == Slots(2, {}, {})
