import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrator.commands.bases import command
from orchestrator.commands.invocation import Invocation
from orchestrator.errors import ExitCode, InputError
from orchestrator.tools.process import SystemRunner


def invoke(tmp_path: Path, *words: str) -> Result:
    invocation = Invocation(
        root=tmp_path,
        state=tmp_path / "state",
        environment={},
        overrides={},
        runner=SystemRunner({}),
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        machine="s390x",
        interactive=False,
    )
    return CliRunner().invoke(command, words, obj=invocation, standalone_mode=False)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["busybox:trixie"], "would make busybox:trixie for s390x in the local registry as library/busybox:trixie"),
        (
            ["debian:trixie-slim", "--arch", "s390x", "--arch", "amd64", "--arch", "native"],
            "would make debian:trixie-slim for amd64, s390x in the local registry as library/debian:trixie-slim",
        ),
        (
            ["busybox:trixie", "--arch", "all", "--arch", "amd64"],
            "would make busybox:trixie for all in the local registry as library/busybox:trixie",
        ),
    ],
)
def test_a_dry_run_says_what_would_be_made_for_which_arches(tmp_path: Path, words: list[str], expected: str) -> None:
    result = invoke(tmp_path, "import", "--dry-run", *words)

    assert (result.stdout, result.return_value) == (f"{expected}\n", ExitCode.DONE)
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_as_json_says_the_same(tmp_path: Path) -> None:
    result = invoke(tmp_path, "import", "--dry-run", "--format", "json", "busybox:trixie", "--arch", "all")

    assert json.loads(result.stdout) == {"would_make": [{"name": "busybox:trixie", "arches": ["all"]}], "exit_code": 0}


def test_every_name_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    result = invoke(tmp_path, "import", "--dry-run", "alpine:3.24", "busybox:trixie", "Debian")

    assert isinstance(result.exception, InputError)
    assert [problem.partition(" ")[0] for problem in result.exception.problems] == ["'alpine:3.24'", "'Debian'"]


def test_an_unknown_arch_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    result = invoke(tmp_path, "import", "--dry-run", "busybox:trixie", "--arch", "x86")

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith("--arch: 'x86' is not an arch; there are amd64, ")
