from pathlib import Path

import pytest

from orchestrator.commands.queue import build_command, command, only_arch
from orchestrator.errors import InputError
from tests.commands.image import image, run
from tests.samples import target

AMD64 = target("2.0/trixie@amd64")
S390X = target("2.0/trixie@s390x")


@pytest.mark.parametrize("arguments", [["--arch", "all"], ["2.0/trixie@s390x", "2.0/trixie@amd64"]])
def test_a_queue_of_several_architectures_is_refused_before_a_registry_is_asked(
    tmp_path: Path, arguments: list[str]
) -> None:
    result = run(command, image(tmp_path), *arguments)

    assert isinstance(result.exception, InputError)
    assert str(result.exception) == "a queue is that of one architecture, got amd64, s390x; name one by --arch"


def test_targets_of_one_arch_have_a_queue() -> None:
    assert only_arch((S390X, S390X)) == "s390x"


@pytest.mark.parametrize(
    ("build_args", "overrides", "expected"),
    [
        ((), {}, "orchestrator build 2.0/trixie@amd64 --push"),
        (("A=b c", "D=e"), {}, "orchestrator build 2.0/trixie@amd64 --build-arg A=b c --build-arg D=e --push"),
        (
            (),
            {"registry": "ghcr.io", "mirrors": "docker.io=local"},
            "orchestrator --registry ghcr.io --mirror docker.io=local build 2.0/trixie@amd64 --push",
        ),
    ],
)
def test_a_build_is_started_with_what_the_queue_was_asked_with(
    build_args: tuple[str, ...], overrides: dict[str, str], expected: str
) -> None:
    assert " ".join(build_command(AMD64, build_args, overrides=overrides)) == expected


def test_the_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: orchestrator queue --arch arm64v8" in run(command, tmp_path, "--help").output
