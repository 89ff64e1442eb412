"""The real engine and registry for tests, started as users start them, and ended whatever happens."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from orchestrator.tools.debian.apt import Apt, Package
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.process import SystemRunner

_PATIENCE_SECONDS = 600
_PACKAGES = {
    "busybox": Package("busybox-static"),
    "crane": Package("crane", "sid"),
    "docker-registry": Package("docker-registry"),
    "git": Package("git"),
    "gpg": Package("gnupg"),
    "htpasswd": Package("apache2-utils"),
    "openssl": Package("openssl"),
    "oras": Package("oras", "trixie"),
    "shellcheck": Package("shellcheck"),
    "skopeo": Package("skopeo"),
    "socat": Package("socat"),
}
"""What tests judge by or start, by the Debian package that brings it."""


def orchestrator(
    *words: str, state: Path, environment: Mapping[str, str] | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run the tool in a process of its own; fails the test with what it said when `check` and it fails."""
    given = {**os.environ, **(environment or {}), "ORCHESTRATOR_STATE": str(state), "NO_COLOR": "1"}
    command = (sys.executable, "-m", "orchestrator", *words)
    finished = subprocess.run(
        command, env=given, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False
    )
    if check and finished.returncode:
        pytest.fail(f"{' '.join(words)} ended with {finished.returncode}: {finished.stderr}")
    return finished


def docker(engine: Engine, *words: str, check: bool = True) -> str:
    """Run Docker's client against an engine; its output without the last line break."""
    command: Sequence[str] = ("docker", *words)
    finished = subprocess.run(
        command,
        env={**os.environ, **engine.environment},
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
    )
    if check and finished.returncode:
        pytest.fail(f"{' '.join(command)} ended with {finished.returncode}: {finished.stderr}")
    return finished.stdout.rstrip("\n")


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder for the whole session; short, because sockets lie in it."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def runner() -> SystemRunner:
    return SystemRunner(dict(os.environ))


@pytest.fixture(scope="session", autouse=True)
def programs(state: Path) -> None:
    """The programs that tests need; what is missing is installed, where that is possible."""
    missing = [package for program, package in _PACKAGES.items() if shutil.which(program) is None]
    if missing:
        asyncio.run(Apt(state, SystemRunner(dict(os.environ))).install(missing))


@pytest.fixture(scope="session")
def engine(state: Path) -> Iterator[Engine]:
    """The engine of this machine; when there is none, one is started, and stopped and deleted at the end."""
    facts = json.loads(orchestrator("engine", "up", "--format", "json", state=state).stdout)
    try:
        yield Engine(
            host=facts["host"],
            private=facts["private"],
            version=facts["version"],
            platforms=tuple(facts["platforms"]),
            here=facts["here"],
            context=facts["context"],
        )
    finally:
        orchestrator("engine", "down", "--purge", state=state)


@pytest.fixture(scope="session")
def registry(state: Path) -> Iterator[str]:
    """The address of a registry of the session's own; it and all it stored are gone at the end."""
    address = orchestrator("registry", "up", state=state).stdout.strip()
    try:
        yield address
    finally:
        orchestrator("registry", "down", "--purge", state=state)
