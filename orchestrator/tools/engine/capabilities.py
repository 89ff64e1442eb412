"""Which arches a builder can run programs of: what its processor runs, and what is emulated."""

import asyncio
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import UnavailableError
from orchestrator.model.platforms import ARCHES, Platform, arch_of
from orchestrator.tools.engine import emulation
from orchestrator.tools.engine.docker_host import Engine, own_arches
from orchestrator.tools.process import Finished, Runner

INSPECT_SECONDS = 30
"""buildx itself waits for a silent builder for 20."""

_ARM_32 = frozenset({"arm32v5", "arm32v6", "arm32v7"})


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The arches that a builder runs programs of, by name."""

    native: frozenset[str]
    emulated: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        return self.native | self.emulated


async def capabilities(engine: Engine, *, runner: Runner, state: Path) -> Capabilities:
    """Which arches the engine runs by itself and which by emulation.

    Asked of the kernel where the engine shares ours (a tiny program of each is run), else of its BuildKit. Windows has
    none, and emulates nothing.
    """
    own = engine.own
    if engine.is_windows:
        return Capabilities(frozenset(own), frozenset())
    if not engine.here:
        listed = await inspected(engine.context or "default", runner=runner, environment=engine.environment)
        return Capabilities(frozenset(own), frozenset(listed) - set(own))
    works = await emulation.runnable(ARCHES, runner=runner, state=state, as_root=os.geteuid() == 0)
    native = {own[0], *works.intersection(own)} if own else set()
    if "arm64v8" in native and not (emulation.BINFMT / "qemu-arm").exists():
        native |= works & _ARM_32
    return Capabilities(frozenset(native), works - native)


async def buildkit_capabilities(builder: str, *, runner: Runner, environment: Mapping[str, str]) -> Capabilities:
    """The same of a BuildKit alone: it lists its own machine first, and does not say what of the rest it emulates.

    Raises UnavailableError as `inspected` does.
    """
    listed = await inspected(builder, runner=runner, environment=environment)
    own = frozenset(own_arches(ARCHES[listed[0]].platform) if listed else ())
    return Capabilities(own, frozenset(listed) - own)


async def inspected(builder: str, *, runner: Runner, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The arches that `docker buildx inspect` lists of a builder, in its order.

    Raises UnavailableError for a builder that is not running, that fails, or that does not answer in time.
    """
    try:
        async with asyncio.timeout(INSPECT_SECONDS):
            finished = await runner.run(("docker", "buildx", "inspect", builder), check=False, env=environment)
    except TimeoutError as error:
        raise UnavailableError(f"no answer in {INSPECT_SECONDS} s") from error
    if finished.returncode:
        raise UnavailableError(said_last(finished))
    if not re.search(r"^Status:\s*running", finished.stdout, re.MULTILINE):
        raise UnavailableError("no BuildKit answers there")
    return _listed(finished.stdout)


def said_last(finished: Finished) -> str:
    """The last line of what a command that failed said."""
    return finished.stderr.strip().rpartition("\n")[2].removeprefix("ERROR: ")


def _listed(output: str) -> tuple[str, ...]:
    """buildx adds marks behind a platform, and lists the same machine in several versions."""
    texts = re.search(r"^Platforms:(.*)$", output, re.MULTILINE)
    words = re.findall(r"\w+/\w+(?:/\w+)?", texts[1]) if texts else []
    return tuple(dict.fromkeys(arch.name for word in words if (arch := arch_of(Platform.parse(word)))))
