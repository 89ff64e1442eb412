"""Which arches an engine can run programs of: what its processor runs, and what is emulated."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from orchestrator.model.platforms import ARCHES, Platform, arch_of
from orchestrator.tools.engine import emulation
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.process import Runner

_ARM_32 = frozenset({"arm32v5", "arm32v6", "arm32v7"})


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The arches that an engine runs programs of, by name."""

    native: frozenset[str]
    emulated: frozenset[str]


async def capabilities(engine: Engine, *, runner: Runner, state: Path) -> Capabilities:
    """Which arches the engine runs by itself and which by emulation.

    Asked of the kernel where the engine shares ours (a tiny program of each is run), else of its BuildKit.
    """
    own = [arch.name for text in engine.platforms if (arch := arch_of(Platform.parse(text)))]
    if not engine.here:
        listed = await runner.run(("docker", "buildx", "inspect", engine.context or "default"), env=engine.environment)
        return Capabilities(frozenset(own), frozenset(_listed(listed.stdout)) - set(own))
    works = await emulation.runnable(ARCHES, runner=runner, state=state, as_root=os.geteuid() == 0)
    native = {own[0], *works.intersection(own)} if own else set()
    if "arm64v8" in native and not (emulation.BINFMT / "qemu-arm").exists():
        native |= works & _ARM_32
    return Capabilities(frozenset(native), works - native)


def _listed(output: str) -> list[str]:
    """The arches that `docker buildx inspect` lists; buildx adds marks behind a platform."""
    texts = re.search(r"^Platforms:(.*)$", output, re.MULTILINE)
    words = re.findall(r"\w+/\w+(?:/\w+)?", texts[1]) if texts else []
    return [arch.name for word in words if (arch := arch_of(Platform.parse(word)))]
