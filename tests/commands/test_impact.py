import json
from pathlib import Path

import pytest

from orchestrator.commands.impact import command
from orchestrator.errors import ExitCode, InputError, NothingSelectedError
from tests.commands.image import CONFIG, image, run


def test_what_stands_on_a_base_is_known_without_a_registry(tmp_path: Path) -> None:
    result = run(command, image(tmp_path), "docker.io/library/debian:trixie")

    assert (result.return_value, result.stdout) == (
        ExitCode.DONE,
        "TARGET      ARCHITECTURES  STAGES\n"
        "2.0/trixie  amd64 s390x    0\n"
        "1.0/trixie  amd64          0\n"
        "debian:trixie is below 2 targets: when it moves, 3 builds will be needed\n",
    )


ON_PARENTS = CONFIG.replace('slim: "debian:{release}-slim"', 'slim: "tool:{line}"').replace(", slim: [amd64]}", "}")


def test_what_stands_on_a_parent_is_needed_when_its_base_moves(tmp_path: Path) -> None:
    result = run(command, image(tmp_path, config=ON_PARENTS), "debian:trixie")

    assert result.stdout == (
        "TARGET           ARCHITECTURES  STAGES\n"
        "2.0/trixie       amd64 s390x    0\n"
        "2.0/slim-trixie  amd64 s390x    through 2.0/trixie\n"
        "1.0/trixie       amd64          0\n"
        "debian:trixie is below 3 targets: when it moves, 5 builds will be needed\n"
    )


def test_a_parent_moves_by_its_build_id_alone(tmp_path: Path) -> None:
    result = run(command, image(tmp_path, config=ON_PARENTS), "tool:2.0", "--digest", f"sha256:{'1' * 64}")

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith("--digest: tool:2.0 is built here")


def test_architectures_that_are_left_to_the_base_stay_open(tmp_path: Path) -> None:
    config = CONFIG.replace("architectures: {debian: [amd64, s390x], slim: [amd64]}", "architectures: {slim: [amd64]}")

    result = run(command, image(tmp_path, config=config), "debian:trixie", "--format", "json")

    assert [(each["target"], each["architectures"]) for each in json.loads(result.stdout)["targets"]] == [
        ("2.0/trixie", None),
        ("1.0/trixie", None),
    ]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["debian:forky"], NothingSelectedError),
        (["DEBIAN:trixie"], InputError),
        (["debian:trixie", "--digest", "sha256:12"], InputError),
        (["debian:trixie", "--build-arg", "NAME"], InputError),
    ],
)
def test_wrong_usage_is_an_error(tmp_path: Path, arguments: list[str], error: type[Exception]) -> None:
    assert isinstance(run(command, image(tmp_path), *arguments).exception, error)


def test_the_help_has_an_example(tmp_path: Path) -> None:
    assert "Example: orchestrator impact debian:trixie-slim" in run(command, tmp_path, "--help").output
