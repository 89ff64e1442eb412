"""What BuildKit tells while it solves a build: vertexes, their logs, and the progress they add up to."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

# `[linux/s390x stage-1 2/3] RUN make`: what is not numbered is BuildKit's bookkeeping.
_STEP = re.compile(r"\[(?:\S+ )*(\d+)/(\d+)\] ")
_PROCESS = re.compile(r'process ".*" did not complete successfully: ', re.DOTALL)
_CANCELLED = "context canceled"
_SHOWN_CHARACTERS = 100
"""Of an instruction that failed; whoever wants to see more of it looks into the Dockerfile, or into the log."""


@dataclass(frozen=True, slots=True)
class Vertex:
    """One node of the build graph, as far as it is known by now."""

    digest: str
    name: str
    is_started: bool
    is_completed: bool
    is_cached: bool
    error: str


@dataclass(frozen=True, slots=True)
class Output:
    """Bytes that a RUN wrote, its two streams as they came."""

    vertex: str
    text: bytes


def events(document: Mapping[str, Any]) -> Iterator[Vertex | Output]:
    """The events of one document of `--progress=rawjson` (BuildKit's client.SolveStatus)."""
    for vertex in document.get("vertexes") or ():
        yield Vertex(
            digest=vertex["digest"],
            name=vertex.get("name", ""),
            is_started=bool(vertex.get("started")),
            is_completed=bool(vertex.get("completed")),
            is_cached=bool(vertex.get("cached")),
            error=vertex.get("error", ""),
        )
    for entry in document.get("logs") or ():
        yield Output(entry["vertex"], base64.b64decode(entry.get("data") or ""))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is; a new value for each event."""

    vertexes: Mapping[str, Vertex] = field(default_factory=dict)
    current: str = ""
    """The name of the vertex that moved last."""

    def after(self, vertex: Vertex) -> "Progress":
        before = self.vertexes.get(vertex.digest)
        if before and before.is_completed and not before.is_cached:
            # It ran. When another step asks for it, BuildKit starts it anew, has it at hand, and calls it cached.
            vertex = replace(vertex, is_completed=True, is_cached=False)
        current = vertex.name if vertex.is_started and not vertex.is_completed else self.current
        return replace(self, vertexes={**self.vertexes, vertex.digest: vertex}, current=current)

    @property
    def steps(self) -> tuple[int, int]:
        """Instructions done and instructions known."""
        steps = self._steps()
        return sum(vertex.is_completed for vertex in steps), len(steps)

    @property
    def cached(self) -> int:
        return sum(vertex.is_cached for vertex in self._steps())

    @property
    def failed(self) -> Vertex | None:
        """The instruction that broke the build; a vertex that was only cancelled is not it."""
        errors = [vertex for vertex in self.vertexes.values() if vertex.error]
        return next((vertex for vertex in errors if not vertex.error.endswith(_CANCELLED)), None)

    def _steps(self) -> list[Vertex]:
        return [vertex for vertex in self.vertexes.values() if _STEP.match(vertex.name)]


def title(name: str) -> str:
    """A vertex's name for people: on one line, without the platform and stage in front."""
    return re.sub(r"\s+", " ", _STEP.sub(r"\1/\2 ", name, count=1)).strip()


def explanation(vertex: Vertex) -> str:
    """Why an instruction failed, for people: without the whole script of a RUN, which BuildKit quotes twice."""
    instruction = title(vertex.name)
    if len(instruction) > _SHOWN_CHARACTERS:
        instruction = f"{instruction[: _SHOWN_CHARACTERS - 1]}…"
    return f"{instruction}: {_PROCESS.sub('', vertex.error)}"
