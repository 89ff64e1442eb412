"""Builds through `docker buildx`: the command, and one run of it."""

import re
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import ExitCode, LocalOutputError
from orchestrator.model.failures import cause
from orchestrator.model.plan import Build
from orchestrator.model.solve import Output, Progress, Vertex, events, explanation, title
from orchestrator.tools.process import Runner
from orchestrator.tools.rawjson import Decoder

# Terminal escapes and other control characters of a RUN's output: a log must not be able to steer a terminal.
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[]PX^_].*?(?:\x07|\x1b\\|$)|\x1b[@-_]|[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]"
)
_ERROR = "ERROR: "
_TAIL_LINES = 20


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that one run of buildx is told."""

    build: Build
    builder: str
    """buildx' name for the builder; that of an engine's own is its Docker context's."""
    context: Path
    sources: Path | None
    """The folder that takes the place of the stage `source`; None leaves the stage as it is."""
    output: Path
    """Becomes an OCI layout."""
    epoch: int
    """SOURCE_DATE_EPOCH, seconds."""


@dataclass(frozen=True, slots=True)
class Solved:
    """How a run of buildx ended."""

    code: ExitCode
    message: str
    progress: Progress
    tail: tuple[str, ...]
    """The last lines of the log."""


def build_command(order: Order) -> list[str]:
    """One process, one target, one platform. `type=oci` gives the same digests on every kind of builder."""
    build = order.build
    return [
        *("docker", "buildx", "build"),
        *("--builder", order.builder),
        *("--platform", str(build.target.platform)),
        *("--progress", "rawjson"),
        *("--provenance", "mode=max"),
        *_repeat("--build-context", (f"{base.name.short}=docker-image://{base.pinned}" for base in build.bases)),
        *(("--build-context", f"source={order.sources}") if order.sources else ()),
        *_repeat("--build-arg", (f"{name}={value}" for name, value in sorted(build.inputs.build_args.items()))),
        *("--output", f"type=oci,{_csv(f'dest={order.output}')},tar=false,rewrite-timestamp=true,name={build.staging}"),
        *("--file", str(order.context / "Dockerfile")),
        str(order.context),
    ]


async def solve(
    order: Order,
    *,
    runner: Runner,
    env: Mapping[str, str],
    log: Path,
    on_progress: Callable[[Progress], None],
    on_line: Callable[[str], None],
) -> Solved:
    """Run one build, its log going to a file as it comes.

    `env` names the engine and folders of our own. Failures of the build are values; raises LocalOutputError when the
    log cannot be written, ProgramMissingError when there is no docker. Cancelling ends buildx and what it started.
    """
    try:
        _make_way(order.output, log)
        with log.open("w", encoding="utf-8", buffering=1) as file:
            session = _Session(file.write, on_progress, on_line)
            status = await runner.stream(
                build_command(order),
                on_stderr=session.take,
                env={**env, "SOURCE_DATE_EPOCH": str(order.epoch)},
            )
            session.take(b"", final=True)
    except OSError as error:
        raise LocalOutputError(f"{log}: {error.strerror}; free some space or mend its rights") from error
    if not status:
        return Solved(ExitCode.DONE, "", session.progress, tuple(session.tail))
    message = session.message() or f"buildx ended with {status} and gave no reason"
    return Solved(cause(session.error()), message, session.progress, tuple(session.tail))


class _Session:
    """Follows one run: what BuildKit says becomes progress, lines for people, and the log."""

    def __init__(
        self, write: Callable[[str], object], on_progress: Callable[[Progress], None], on_line: Callable[[str], None]
    ) -> None:
        self.progress = Progress()
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._write = write
        self._on_progress = on_progress
        self._on_line = on_line
        self._decoder = Decoder()
        self._stray: list[str] = []
        self._unfinished: dict[str, bytes] = {}

    def take(self, chunk: bytes, *, final: bool = False) -> None:
        for item in self._decoder.feed(chunk, final=final):
            if isinstance(item, str):
                self._strayed(item)
                continue
            for event in events(item):
                if isinstance(event, Vertex):
                    self._moved(event)
                else:
                    self._printed(event)
        if final:
            for vertex in tuple(self._unfinished):
                self._finish_line(vertex)

    def error(self) -> str:
        """What BuildKit says of the failure: the broken instruction's own error, else what buildx said last."""
        failed = self.progress.failed
        return failed.error if failed else self._last_words()

    def message(self) -> str:
        """The same for people."""
        failed = self.progress.failed
        return _clean(explanation(failed) if failed else self._last_words())

    def _last_words(self) -> str:
        # An excerpt of the Dockerfile stands before the error, and may mention anything.
        errors = [number for number, line in enumerate(self._stray) if line.startswith(_ERROR)]
        return "\n".join(self._stray[errors[-1] if errors else -_TAIL_LINES :]).removeprefix(_ERROR)

    def _strayed(self, line: str) -> None:
        self._stray.append(line)
        if self.progress.failed is None:
            self._say(line)
        else:
            # Only an excerpt of the Dockerfile and the error again: it must not push out what the program printed.
            self._write(_clean(line) + "\n")

    def _moved(self, vertex: Vertex) -> None:
        before = self.progress.vertexes.get(vertex.digest)
        self.progress = self.progress.after(vertex)
        vertex = self.progress.vertexes[vertex.digest]
        name = title(vertex.name)
        if vertex.is_cached and not (before and before.is_cached):
            self._say(f"> {name}: cached")
        elif vertex.is_started and not (before and before.is_started):
            self._say(f"> {name}")
        if vertex.is_completed:
            self._finish_line(vertex.digest)
        if vertex.error and not (before and before.error):
            self._say(f"> {explanation(vertex)}")
        self._on_progress(self.progress)

    def _printed(self, output: Output) -> None:
        *lines, rest = (self._unfinished.pop(output.vertex, b"") + output.text).split(b"\n")
        if rest:
            self._unfinished[output.vertex] = rest
        for line in lines:
            self._say(line.decode("utf-8", "replace"))

    def _finish_line(self, vertex: str) -> None:
        """Say what a program wrote without ending the line: often it is its last word."""
        if line := self._unfinished.pop(vertex, b""):
            self._say(line.decode("utf-8", "replace"))

    def _say(self, text: str) -> None:
        for line in text.split("\n"):
            clean = _clean(line)
            self._write(clean + "\n")
            self.tail.append(clean)
            self._on_line(clean)


def _make_way(output: Path, log: Path) -> None:
    shutil.rmtree(output, ignore_errors=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    # The log will be a new file: another run may still write to the one of that name.
    log.unlink(missing_ok=True)


def _clean(line: str) -> str:
    """A line as a terminal would show it in the end: what was overwritten after a carriage return is gone."""
    return "\n".join(_CONTROL.sub("", part.rstrip("\r").rpartition("\r")[2]) for part in line.split("\n"))


def _csv(field: str) -> str:
    """A field of an option that buildx reads as CSV: a path may have a comma."""
    return '"' + field.replace('"', '""') + '"' if re.search('[",]', field) else field


def _repeat(option: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from (option, value)
