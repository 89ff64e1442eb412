"""Builds through `docker buildx`: the command, and one run of it."""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import ExitCode, LocalOutputError
from orchestrator.model.failures import cause, is_crash
from orchestrator.model.plan import Build
from orchestrator.model.solve import Progress
from orchestrator.tools.contexts import DOCKERFILE
from orchestrator.tools.process import Runner
from orchestrator.tools.transcript import Transcript
from orchestrator.tools.watchdog import Limits, OverdueError, watched


@dataclass(frozen=True, slots=True)
class Order:
    """One run of buildx: everything that it is told, and where its log goes."""

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
    log: Path
    attempt: int = 1
    """From the second on the log goes on in the same file."""
    pushes: bool = False
    """Whether the builder pushes to staging by itself, without a tag, and leaves `metadata` instead of a layout."""
    no_cache: bool = False
    """Whether the builder is to carry out every step anew."""

    @property
    def metadata(self) -> Path:
        """What buildx says of an image that the builder pushed."""
        return self.output.with_name("metadata.json")

    @property
    def state(self) -> Path:
        """buildx' own folder for this build alone: what a full disk breaks in one breaks no other build."""
        return self.output.with_name("buildx")


@dataclass(frozen=True, slots=True)
class Solved:
    """How a run of buildx ended."""

    code: ExitCode
    message: str
    progress: Progress
    tail: tuple[str, ...]
    """The last lines of the log."""
    is_crash: bool = False
    """Whether a RUN died of SIGSEGV."""
    place: str = ""
    """The Dockerfile and the line of the instruction that failed."""
    attempts: int = 1


def build_command(order: Order) -> list[str]:
    """One process, one target, one platform; both ways out of the builder give the image the same digest."""
    build = order.build
    return [
        *("docker", "buildx", "build"),
        *("--builder", order.builder),
        *("--platform", str(build.target.platform)),
        *("--progress", "rawjson"),
        *("--provenance", "mode=max"),
        *(("--no-cache",) if order.no_cache else ()),
        *_repeat("--build-context", (f"{base.name.short}=docker-image://{base.pinned}" for base in build.bases)),
        *(("--build-context", f"source={order.sources}") if order.sources else ()),
        *_repeat("--build-arg", (f"{name}={value}" for name, value in sorted(build.inputs.build_args.items()))),
        *(_pushed(order) if order.pushes else _left(order)),
        *("--file", str(order.context / DOCKERFILE)),
        str(order.context),
    ]


def _left(order: Order) -> tuple[str, ...]:
    """Leave an OCI layout: every builder can, and Docker's own driver can do nothing else that is safe."""
    fields = ("type=oci", csv_field(f"dest={order.output}"), "tar=false", "rewrite-timestamp=true")
    return ("--output", ",".join((*fields, f"name={order.build.staging}")))


def _pushed(order: Order) -> tuple[str, ...]:
    """Push by digest alone, so that nothing has a name before it was checked; new layers travel once.

    A BuildKit that works with containerd would keep each image besides, out of reach of its own cleaning.
    """
    fields = (
        *("type=image", f"name={order.build.staging.repository}"),
        *("push-by-digest=true", "name-canonical=true", "push=true", "store=false"),
        *("oci-mediatypes=true", "rewrite-timestamp=true"),
    )
    return ("--output", ",".join(fields), "--metadata-file", str(order.metadata))


async def solve(
    order: Order,
    *,
    runner: Runner,
    env: Mapping[str, str],
    limits: Limits,
    on_progress: Callable[[Progress], None],
    on_line: Callable[[str], None],
) -> Solved:
    """Run one build, its log going to a file as it comes.

    `env` leads buildx to the builder. Failures of the build are values, that it overran its limits too; raises
    LocalOutputError when the log cannot be written, ProgramMissingError when there is no docker. Cancelling ends
    buildx and what it started.
    """
    try:
        _make_way(order)
        with order.log.open("a", encoding="utf-8", buffering=1) as file:
            transcript = Transcript(file.write, on_progress, on_line)
            if order.attempt > 1:
                transcript.say(f"> attempt {order.attempt}")
            try:
                status = await _streamed(order, transcript, runner=runner, env=env, limits=limits)
            except OverdueError as error:
                transcript.end(f"> {error}")
                return Solved(error.code, str(error), transcript.progress, tuple(transcript.tail))
            transcript.end()
    except OSError as error:
        raise LocalOutputError(f"{order.log}: {error.strerror}; free some space or mend its rights") from error
    if not status:
        return Solved(ExitCode.DONE, "", transcript.progress, tuple(transcript.tail))
    said = transcript.error()
    message = transcript.message() or f"buildx ended with {status} and gave no reason"
    return Solved(
        cause(said),
        message,
        transcript.progress,
        tuple(transcript.tail),
        is_crash=is_crash(said),
        place=f"{order.build.directory / DOCKERFILE}:{line}" if (line := transcript.line) else "",
    )


def csv_field(field: str) -> str:
    """A field of an option that buildx reads as CSV: a path may have a comma."""
    return '"' + field.replace('"', '""') + '"' if re.search('[",]', field) else field


async def _streamed(
    order: Order, transcript: Transcript, *, runner: Runner, env: Mapping[str, str], limits: Limits
) -> int:
    """Run buildx; returns its exit status. Raises OverdueError once it has been ended."""
    given = {**env, "BUILDX_CONFIG": str(order.state), "SOURCE_DATE_EPOCH": str(order.epoch)}
    async with watched(limits) as alive:

        def on_stderr(chunk: bytes) -> None:
            alive()
            transcript.take(chunk)

        return await runner.stream(build_command(order), on_stderr=on_stderr, env=given)


def _make_way(order: Order) -> None:
    shutil.rmtree(order.output, ignore_errors=True)
    order.metadata.unlink(missing_ok=True)
    order.output.parent.mkdir(parents=True, exist_ok=True)
    order.log.parent.mkdir(parents=True, exist_ok=True)
    if order.attempt == 1:
        # The log will be a new file: another run may still write to the one of that name.
        order.log.unlink(missing_ok=True)


def _repeat(option: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from (option, value)
