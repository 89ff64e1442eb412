"""Where builds are measured: the engine of this machine, a registry and a state folder of the benchmarks' own."""

import contextlib
import json
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import read
from orchestrator.model.platforms import native_arch

ROOT = Path(__file__).resolve().parent.parent
TOOL = (str(Path(sys.executable).with_name("orchestrator")),)
BAKED = "baked"
"""The namespace of what buildx pushes without the tool."""
_FORMAT_JSON = ("--format", "json")


@dataclass(frozen=True, slots=True)
class Place:
    """Everything that a run needs to know of it."""

    folder: Path
    """For files of the benchmarks; gone at the end."""
    state: Path
    registry: str
    """Its address."""
    docker_host: str
    arch: str
    """This machine's own."""

    @property
    def environment(self) -> dict[str, str]:
        return {"ORCHESTRATOR_STATE": str(self.state), "DOCKER_HOST": self.docker_host, "NO_COLOR": "1"}


@contextlib.contextmanager
def place() -> Iterator[Place]:
    """An engine, the machine's own where it has one, and an empty registry; what was started is ended again."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        state = folder / "state"
        mine = {"ORCHESTRATOR_STATE": str(state)}
        try:
            engine = json.loads(read((*TOOL, "engine", "up", *_FORMAT_JSON), env=mine))
            registry = read((*TOOL, "registry", "up"), env=mine).strip()
            made = Place(folder, state, registry, engine["host"], native_arch(platform.machine()).name)
            try:
                yield made
            finally:
                _remove_images(made)
        finally:
            read((*TOOL, "registry", "down", "--purge"), env=mine)
            read((*TOOL, "engine", "down", "--purge"), env=mine)


def _remove_images(where: Place) -> None:
    """Take out of the engine what was pushed from it to our registry."""
    listed = ("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter")
    names = read((*listed, f"reference={where.registry}/{BAKED}/*:*"), env=where.environment).split()
    if names:
        read(("docker", "image", "rm", "--force", *names), env=where.environment)
