"""The command that repeats a build, as make understands it."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from orchestrator.model.plan.repeat import Told, repeat_command
from tests.samples import target

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("told", "before", "after"),
    [
        (Told(), (), ()),
        (
            Told(registry="127.0.0.1:5000", build_args={"B": "x/y", "A": "1,2"}, emulate=True),
            ("--registry", "127.0.0.1:5000"),
            ("--build-arg", "A=1,2", "--build-arg", "B=x/y", "--emulate"),
        ),
    ],
)
def test_make_passes_on_what_the_run_was_told(told: Told, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    make, *words = shlex.split(repeat_command(target("2.0/slim-trixie@arm64v8"), told, forced=""))
    # Only said, without a look at the virtual environment, and with no variables but those of the command.
    command = (make, "--dry-run", "--old-file=.venv/ready", *words)

    said = subprocess.run(
        command, cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True
    ).stdout

    selected = ("--version", "2.0", "--variant", "slim-trixie", "--arch", "arm64v8")
    assert shlex.split(said) == [".venv/bin/orchestrator", *before, "build", *selected, *after]
