"""What a machine needs for building images, one check for each thing: what was found there, and what to do."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from orchestrator.errors import InputError, OrchestratorError
from orchestrator.model.platforms import ARCHES
from orchestrator.tools import docker_home
from orchestrator.tools.engine.capabilities import Capabilities
from orchestrator.tools.engine.docker_host import Engine, Silence
from orchestrator.tools.local_registry.program import PROGRAM as REGISTRY_PROGRAM
from orchestrator.tools.process import Finished

PYTHON_OLDEST = (3, 11)
GIT_OLDEST = (2, 20)
DOCKER_OLDEST = (23, 0)
BUILDX_OLDEST = (0, 13)
ENGINE_SPACE_GIB, OUTPUT_SPACE_GIB = 10, 1
_GIB = 1024**3


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    MISSING = "missing"
    OPTIONAL = "optional"
    """Missing, and only some things need it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    found: str
    remedy: str = ""
    """A command to paste, or what to do in words; empty when nothing has to be done."""


def python(version: tuple[int, ...]) -> Check:
    """Python itself."""
    found = ".".join(map(str, version[:3]))
    if version[:2] >= PYTHON_OLDEST:
        return Check("python", State.OK, found)
    return Check("python", State.MISSING, found, f"install Python {_dotted(PYTHON_OLDEST)} or later")


def program(command: tuple[str, ...], ran: Finished | None, *, oldest: tuple[int, int], remedy: str) -> Check:
    """A program by what it says of its version; `ran` is None when there is no such program."""
    name = command[0] if command[-1] == "--version" else command[1]
    if ran is None or ran.returncode:
        return Check(name, State.MISSING, "not on this machine", remedy)
    match = re.search(r"\bv?(\d+)\.(\d+)[\w.+-]*", ran.stdout)
    if match is None:
        return Check(name, State.MISSING, f"says no version: {ran.stdout.strip()!r}", remedy)
    if (int(match[1]), int(match[2])) < oldest:
        return Check(name, State.MISSING, f"{match[0]}, too old: need {_dotted(oldest)} or later", remedy)
    return Check(name, State.OK, match[0])


def docker_config(environment: Mapping[str, str]) -> Check:
    """Docker's client configuration: where credentials come from. A broken one makes Docker go on without them."""
    file = docker_home.folder(environment) / "config.json"
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Check("docker config", State.OK, f"no {file}: registries are used without credentials")
    except (OSError, ValueError) as error:
        return Check("docker config", State.MISSING, f"{file} cannot be read: {error}", f"mend or remove {file}")
    if not isinstance(document, dict):
        return Check("docker config", State.MISSING, f"{file} is no JSON object", f"mend or remove {file}")
    absent = [name for name in _credential_helpers(document) if not shutil.which(name, path=environment.get("PATH"))]
    if absent:
        remedy = f"install it, or take it out of {file}"
        return Check("docker config", State.MISSING, f"{file} names {absent[0]}, which is not on this machine", remedy)
    return Check("docker config", State.OK, str(file))


def engine_answers(answer: Engine | Silence | InputError, *, obstacle: str) -> Check:
    """Whether there is an engine, and one that is new enough."""
    if isinstance(answer, InputError):
        return Check("engine", State.MISSING, str(answer), "unset DOCKER_CONTEXT, or `docker context use default`")
    if isinstance(answer, Engine):
        found = f"Docker {answer.version} at {answer.host}"
        if tuple(map(int, re.findall(r"\d+", answer.version)[:2])) < DOCKER_OLDEST:
            return Check("engine", State.MISSING, found, f"upgrade it to {_dotted(DOCKER_OLDEST)} or later")
        return Check("engine", State.OK, found)
    if answer.endpoint.named_by or answer.is_denied:
        return Check("engine", State.MISSING, str(answer), answer.ways_out)
    if obstacle:
        remedy = f"install Docker {_dotted(DOCKER_OLDEST)} or later, or set DOCKER_HOST to one ({obstacle})"
        return Check("engine", State.MISSING, str(answer), remedy)
    return Check("engine", State.MISSING, str(answer), "orchestrator engine up")


def buildkit(inspected: Finished) -> Check:
    """Whether buildx reaches a BuildKit in the engine, by what `docker buildx inspect` says."""
    if re.search(r"^Status:\s*running", inspected.stdout, re.MULTILINE):
        return Check("buildkit", State.OK, "runs in the engine")
    return Check("buildkit", State.MISSING, "buildx finds none in the engine", "upgrade the engine and buildx")


def emulation(native: frozenset[str], emulated: frozenset[str], *, remedy: str) -> tuple[Check, ...]:
    """One check for each arch that is not the engine's own; a builder of that arch is as good."""
    foreign = [name for name, arch in ARCHES.items() if arch.elf_machine and name not in native]
    return (
        Check("native", State.OK, " ".join(sorted(native))),
        *(
            Check(f"emulation {name}", State.OK, "runs")
            if name in emulated
            else Check(f"emulation {name}", State.OPTIONAL, "its programs do not run here", remedy)
            for name in foreign
        ),
    )


def builder(key: str, driver: str, answer: Capabilities | OrchestratorError, *, is_open: bool) -> Check:
    """Whether a builder that orchestrator.yaml names answers, and runs the arch that it is named for.

    `is_open`: it listens to other machines without TLS.
    """
    name = f"builder {key}"
    if isinstance(answer, OrchestratorError):
        return Check(name, State.OPTIONAL, f"{driver}: {answer}", f"mend that, or change `{key}` in `builders`")
    runs = f"{driver}: runs {' '.join(sorted(answer.all))}"
    if key in ARCHES and key not in answer.all:
        return Check(name, State.OPTIONAL, runs, f"name a builder that runs {key} as `{key}` in `builders`")
    if is_open:
        remedy = "whoever reaches it builds as root: have it listen with TLS, and name `certificates` in `builders`"
        return Check(name, State.OPTIONAL, f"{runs}, without TLS", remedy)
    return Check(name, State.OK, runs)


def registry(*, path: str, comes_by_itself: bool, install: str) -> Check:
    """What the local registry can be run with; where the tool may install or has Docker, it sees to it itself."""
    if found := shutil.which(REGISTRY_PROGRAM, path=path):
        return Check("local registry", State.OK, found)
    state = State.OPTIONAL if comes_by_itself else State.MISSING
    return Check("local registry", state, f"no {REGISTRY_PROGRAM}", f"{install} {REGISTRY_PROGRAM}")


def space(name: str, folder: Path, *, gib: int) -> Check:
    """Free space where a folder is or will be."""
    there = next((parent for parent in (folder, *folder.parents) if os.access(parent, os.X_OK)), Path("/"))
    free = shutil.disk_usage(there).free / _GIB
    found = f"{free:.1f} GiB free in {folder}"
    if free >= gib:
        return Check(name, State.OK, found)
    return Check(name, State.MISSING, found, f"free {gib} GiB there; `docker builder prune` frees the build cache")


def packages(obstacle: str) -> Check:
    """Whether the tool can install by itself what it needs."""
    if obstacle:
        return Check(
            "installs by itself", State.OPTIONAL, f"no: {obstacle}", "become root on Debian, or install by hand"
        )
    return Check("apt", State.OK, "installs by itself what is missing")


def _credential_helpers(document: Mapping[str, object]) -> list[str]:
    helpers = document.get("credHelpers")
    names = {document.get("credsStore"), *(helpers.values() if isinstance(helpers, dict) else ())}
    return sorted(f"docker-credential-{name}" for name in names if isinstance(name, str) and name)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
