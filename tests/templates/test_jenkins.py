from pathlib import Path

from orchestrator.commands.jenkins import command
from orchestrator.errors import ExitCode
from tests.commands.image import run

ROOT = Path(__file__).parents[2]


def test_the_jobs_in_git_are_what_orchestrator_yaml_says() -> None:
    result = run(command, ROOT, "--check")

    assert (result.stdout, result.return_value) == ("", ExitCode.DONE)
