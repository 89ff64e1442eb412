"""How the command line starts, in a process of its own."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.integration

# Slow to import; the verbs that need them import them.
LATER = {"aiohttp", "docker", "jinja2", "pydantic", "tenacity", "yaml"}


def test_starting_imports_nothing_that_only_some_verbs_need() -> None:
    script = "import sys, orchestrator.cli; print(*sys.modules)"

    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert LATER & set(output.split()) == set()


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)

    finished = subprocess.run(
        [sys.executable, "-m", "orchestrator", "schema"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)

    assert (finished.returncode, finished.stderr) == (15, "")
