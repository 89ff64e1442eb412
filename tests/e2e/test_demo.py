"""The demonstration as people run it: everything once, and then nothing to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.tools.engine.docker_host import Engine
from tests.e2e.conftest import EXAMPLE

pytestmark = pytest.mark.e2e


def test_the_demonstration_works_and_again_finds_all_done(
    state: Path, engine: Engine, bases: str, tmp_path: Path
) -> None:
    root = tmp_path / "hello"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("out"))
    given = {**os.environ, **engine.environment, "ORCHESTRATOR_STATE": str(state), "COLUMNS": "160"}

    def demo() -> str:
        command = (sys.executable, str(root / "demo.py"))
        finished = subprocess.run(command, env=given, capture_output=True, text=True, timeout=600, check=False)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    first, second = demo(), demo()

    assert "builds: 28 built\n" in first
    assert {f"hello 2.0.1 on {arch}" for arch in ("amd64", "arm64v8", "s390x")} <= set(first.splitlines())
    assert "nothing to do: 28 builds are up to date\n" in second
    assert "tags: 192 unchanged\n" in second
