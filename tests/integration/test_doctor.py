"""What `doctor` says of this machine, for real."""

import json
import re
from pathlib import Path

import pytest

from orchestrator.tools.engine.docker_host import Engine
from tests.real import orchestrator

pytestmark = pytest.mark.integration


def test_a_machine_that_builds_has_all_that_is_needed(engine: Engine, tmp_path: Path) -> None:
    finished = orchestrator("doctor", "--format", "json", state=tmp_path, environment=engine.environment)

    report = json.loads(finished.stdout)
    states = {check["name"]: check["state"] for check in report["checks"]}
    needed = {"python", "git", "docker", "buildx", "docker config", "engine", "buildkit", "native", "space for output"}
    assert {name: states[name] for name in needed} == dict.fromkeys(needed, "ok")
    assert report["exit_code"] == 0


def test_it_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    state = tmp_path / "state"

    orchestrator("-C", str(tmp_path), "doctor", state=state, environment=engine.environment)

    assert list(tmp_path.iterdir()) == []


def test_without_any_program_it_still_answers(tmp_path: Path) -> None:
    nothing = {"PATH": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/nobody.sock", "DOCKER_CONFIG": str(tmp_path)}

    finished = orchestrator("doctor", state=tmp_path, environment=nothing, check=False)

    assert finished.returncode == 30
    assert re.search(r"^missing   git +not on this machine$", finished.stdout, re.MULTILINE)
    assert "-> start it, or clear DOCKER_HOST\n" in finished.stdout
    assert "Traceback" not in finished.stderr
