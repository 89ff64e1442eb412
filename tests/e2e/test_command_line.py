"""The command line in processes of its own: wrong usage, nothing selected, a bug."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real import orchestrator

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]

WRONG = [
    ["biuld"],
    ["build", "--nonsense"],
    ["build", "--arch", "nonsense"],
    ["build", "--jobs", "0"],
    ["build", "--jobs", "many"],
    ["build", "--format", "xml"],
    ["build", "--force"],
    ["build", "--build-arg", "NAME"],
    ["publish", "--allow-drop", "s390x"],
    ["--registry", "", "--mirror", "x", "list"],
    ["--registry", "UPPER CASE", "list"],
    ["-C", "/nowhere", "list"],
    ["-C", "/dev/null", "list"],
]
NOTHING = [
    (["plan", "3.14/slim-trixi"], "did you mean 3.14/slim-trixie"),
    (["plan", "--variant", "alpin"], "did you mean alpine"),
    (["plan", "--version", "3.41"], "3.14"),
    (["list", "--version", "3.14", "--arch", "mips64le"], "`orchestrator list` shows the targets"),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_usage_is_an_error_of_input(words: list[str], tmp_path: Path) -> None:
    finished = orchestrator("-C", str(ROOT), *words, state=tmp_path, check=False)

    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.splitlines()[-1].startswith(("Error: ", "error: "))
    assert "Traceback" not in finished.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("words", "expected"), NOTHING)
def test_nothing_selected_names_what_comes_nearest(words: list[str], expected: str, tmp_path: Path) -> None:
    finished = orchestrator(
        "-C", str(ROOT), "--registry", "127.0.0.1:9", *words, "--format", "json", state=tmp_path, check=False
    )

    assert (finished.returncode, json.loads(finished.stdout)["exit_code"]) == (3, 3)
    assert expected in finished.stderr


def test_a_reader_that_goes_away_ends_the_listing(tmp_path: Path) -> None:
    listing = f"{sys.executable} -m orchestrator -C {ROOT} list --format json | head -c 1; echo ${{PIPESTATUS[0]}}"

    finished = subprocess.run(
        ("bash", "-c", listing),
        env={**os.environ, "ORCHESTRATOR_STATE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert (finished.stdout, finished.stderr) in (("{15\n", ""), ("{0\n", ""))


BUG = """
import sys, types, click
from orchestrator import cli

@click.command()
@click.option("--format")
def command(format):
    secret = "hunter" + "2"
    raise RuntimeError("nobody expected this")

cli.VERBS["probe"] = "A bug."
sys.modules["orchestrator.commands.probe"] = types.ModuleType("probe")
sys.modules["orchestrator.commands.probe"].command = command
cli.main()
"""


def test_a_bug_is_told_so_that_it_can_be_reported() -> None:
    finished = subprocess.run(
        (sys.executable, "-c", BUG, "probe", "--format", "json"), capture_output=True, text=True, check=False
    )

    assert (finished.returncode, json.loads(finished.stdout)["exit_code"]) == (1, 1)
    assert "RuntimeError: nobody expected this" in finished.stderr
    assert finished.stderr.splitlines()[-1].startswith("error: this is a bug in orchestrator ")
    assert "hunter2" not in finished.stderr
