"""The local registry on loopback: where images go as long as no other registry is named."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator.tools.local_registry import program


@dataclass(frozen=True, slots=True)
class LocalRegistry:
    """What is known of this machine's registry."""

    address: str
    """Like 127.0.0.1:5000; empty before its first start."""
    running: bool
    storage: str
    """The folder of its data, or the Docker volume where it runs as a container."""
    pid: int | None = None
    container: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """What is remembered between runs, running or not."""

    address: str
    container: str = ""

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])


async def served(state: Path) -> str | None:
    """The address at which the registry's program answers; None where it must be started, or is a container.

    Most runs need no more, so what starts and stops registries is a module of its own, with Docker's library behind it.
    """
    folder = folder_of(state)
    place = remembered(folder)
    if place is None or place.container or program.running(folder) is None:
        return None
    return place.address if await program.answers(place.address, folder=folder) else None


def folder_of(state: Path) -> Path:
    """Where the registry keeps its data and what is remembered of it."""
    return state / "registry"


def remembered(folder: Path) -> Place | None:
    """Where the registry was started last; None before that."""
    try:
        fields = json.loads((folder / "place.json").read_text(encoding="utf-8"))
        return Place(address=str(fields["address"]), container=str(fields["container"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(folder: Path, place: Place) -> None:
    """Keep where the registry was started."""
    part = folder / "place.part"
    part.write_text(json.dumps(asdict(place), sort_keys=True), encoding="utf-8")
    part.replace(folder / "place.json")
