from orchestrator.model.config import Config, SmokeTest
from orchestrator.model.config.builders import Builder
from orchestrator.tools.builders.uses import Use, uses
from tests.samples import build

AMD64, S390X = build("2.0/trixie@amd64"), build("2.0/trixie@s390x")
SLIM = build("2.0/slim-trixie@s390x")
S390X_HOST = Builder(driver="context", name="s390x-host", emulate=True)


def test_builds_are_grouped_by_the_entry_that_counts_for_them() -> None:
    config = Config(
        image="tool",
        builders={"s390x": S390X_HOST, "slim": Builder(jobs=1)},
        tests=(SmokeTest(name="runs", command=("tool",), variant=("slim",)),),
    )

    found = uses((S390X, AMD64, SLIM), config, emulate=False)

    assert found == (
        Use("default", Builder(), (AMD64,), may_emulate=False, is_tested=False),
        Use("s390x", S390X_HOST, (S390X,), may_emulate=True, is_tested=False),
        Use("slim", Builder(jobs=1), (SLIM,), may_emulate=False, is_tested=True),
    )


def test_emulation_can_be_allowed_for_all() -> None:
    [use] = uses((AMD64, S390X), Config(image="tool"), emulate=True)

    assert (use.may_emulate, use.arches, use.staging, use.base_registries) == (
        True,
        ("amd64", "s390x"),
        "registry.example",
        ("docker.io",),
    )
