"""Carries out the builds of a plan: solve, check, push, test, and only then the build ID."""

import asyncio
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from orchestrator.errors import ExitCode, LocalOutputError, OrchestratorError, worst
from orchestrator.model.config import SmokeTest
from orchestrator.model.facts import Facts
from orchestrator.model.outcomes import Outcome, Result, record
from orchestrator.model.plan import Build
from orchestrator.model.slots import Slots
from orchestrator.tools import buildx, contexts, files, layout, smoke, staging
from orchestrator.tools.attempts import Attempts, Patience
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.process import Runner
from orchestrator.tools.progress import Display
from orchestrator.tools.registry import Registry
from orchestrator.tools.scratch import scratch
from orchestrator.tools.watchdog import Limits, OverdueError, watched


@dataclass(frozen=True, slots=True)
class Executor:
    """Where builds run and what they share."""

    root: Path
    """The image's folder."""
    out: Path
    """The folder of logs, records and passing files."""
    runner: Runner
    registry: Registry
    engine: Engine
    connect: smoke.Connect
    """Makes a client of that engine's API, for the tests."""
    tests: Sequence[SmokeTest]
    epochs: Mapping[str, int]
    """SOURCE_DATE_EPOCH by rendered directory."""
    sources: Mapping[Facts, Path]
    """The folder of downloads, for those that have any."""
    display: Display
    now: Callable[[], datetime]

    patience: Patience
    emulated: frozenset[str]
    """The arches whose programs run here by emulation."""

    async def run(self, builds: Sequence[Build], *, slots: Slots, fail_fast: bool) -> tuple[Outcome, ...]:
        """Run builds, as many at a time as there are slots; a failure stops no other build unless `fail_fast`."""
        together = asyncio.Semaphore(slots.together)
        on_builder = {key: asyncio.Semaphore(count) for key, count in slots.on_builder.items()}
        attempts = Attempts(self.patience)
        failed = asyncio.Event()

        async def in_slot(build: Build, folder: Path) -> Outcome:
            # The builder's slot comes first: who waits for a busy builder must keep nobody from a free one.
            async with on_builder[slots.builder_of[build.target.arch]], together:
                if fail_fast and failed.is_set():
                    return _outcome(build, Result.NOT_RUN, code=ExitCode.INCOMPLETE, detail="another build failed")
                outcome = await self._run_one(build, folder / str(build.target), attempts)
            if outcome.code is not ExitCode.DONE:
                failed.set()
            return outcome

        with scratch(self.out / "tmp") as folder:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(in_slot(build, folder), name=str(build.target)) for build in builds]
        return tuple(task.result() for task in tasks)

    async def _run_one(self, build: Build, folder: Path, attempts: Attempts) -> Outcome:
        """Run a build to its end, and record that, even where the run is interrupted."""
        clock = asyncio.get_running_loop().time
        started, start = self.now(), clock()
        self.display.started(build)

        def ended(outcome: Outcome) -> Outcome:
            outcome = replace(outcome, seconds=round(clock() - start, 3), log=_log(build).as_posix())
            outcome = self._recorded(outcome, build, started=started)
            self.display.finished(outcome)
            return outcome

        try:
            outcome = await self._carry_out(build, folder, attempts)
        except OrchestratorError as error:
            outcome = _outcome(build, Result.FAILED, code=error.exit_code, detail=str(error))
        except asyncio.CancelledError:
            ended(_outcome(build, Result.INTERRUPTED, code=ExitCode.INTERRUPTED, detail="run it again to finish it"))
            raise
        finally:
            # Layouts are large, so they do not wait for the end of the run.
            shutil.rmtree(folder, ignore_errors=True)
        return ended(outcome)

    def _recorded(self, outcome: Outcome, build: Build, *, started: datetime) -> Outcome:
        text = json.dumps(record(outcome, build, started=started), indent=2) + "\n"
        try:
            files.write(self.out, {PurePosixPath("builds", build.target.arch, f"{build.build_id}.json"): text})
        except LocalOutputError as error:
            detail = "\n".join(filter(None, (outcome.detail, str(error))))
            return replace(outcome, code=worst((outcome.code, error.exit_code)), detail=detail)
        return outcome

    async def _carry_out(self, build: Build, folder: Path, attempts: Attempts) -> Outcome:
        total = self.patience.total_seconds
        limits = Limits(self.patience.idle_seconds, total, asyncio.get_running_loop().time() + total)
        solved = await attempts.run(
            lambda number: self._solve(build, folder, limits, attempt=number),
            is_emulated=build.target.arch in self.emulated,
            until=limits.until,
            tell=lambda again: self.display.retried(build, again),
        )
        outcome = replace(
            _outcome(build, Result.FAILED, code=solved.code, detail=solved.message), attempts=solved.attempts
        )
        if solved.code is not ExitCode.DONE:
            return replace(outcome, tail=solved.tail)
        outcome = replace(outcome, steps=solved.progress.steps[1], cached_steps=solved.progress.cached)
        try:
            async with watched(replace(limits, idle_seconds=total)):
                return await self._staged(outcome, build, folder)
        except OrchestratorError as error:
            return replace(outcome, code=error.exit_code, detail=str(error))
        except OverdueError as error:
            return replace(outcome, code=error.code, detail=str(error))

    async def _staged(self, outcome: Outcome, build: Build, folder: Path) -> Outcome:
        """Check, push and test what the builder made, and give it its build ID."""
        self.display.phase(build, "checking")
        built = await asyncio.to_thread(layout.read, folder / "layout")
        await asyncio.to_thread(layout.check_arch, built, build.target.arch)
        self.display.phase(build, "pushing")
        index = await staging.push(built, build, self.registry)
        self.display.phase(build, "testing")
        image = build.staging.pinned(built.image.digest)
        results = await smoke.run_tests(self.tests, build.target, image, connect=self.connect)
        outcome = replace(
            outcome,
            digest=index.digest,
            image_digest=built.image.digest,
            size=sum(layer.size for layer in built.image.layers),
            tests=results,
        )
        broken = [f"smoke test {test.name}: {test.problem}" for test in results if test.problem]
        if broken:
            return replace(outcome, code=ExitCode.TEST_FAILED, detail="\n".join(broken))
        kept = await staging.tag(build, index, self.registry)
        image_digest = staging.image_of(kept).digest
        return replace(outcome, result=Result.BUILT, digest=kept.digest, image_digest=image_digest)

    async def _solve(self, build: Build, folder: Path, limits: Limits, *, attempt: int) -> buildx.Solved:
        # What an attempt before it left may be half done.
        shutil.rmtree(folder, ignore_errors=True)
        epoch = self.epochs[str(build.directory)]
        context = contexts.copy(self.root / build.directory, folder / "context", files=build.inputs.files, epoch=epoch)
        contexts.check(context, build.inputs)
        order = buildx.Order(
            build=build,
            builder=self.engine.context or "default",
            context=context,
            sources=self.sources.get(build.target.facts),
            output=folder / "layout",
            epoch=epoch,
            log=self.out / _log(build),
            attempt=attempt,
        )
        return await buildx.solve(
            order,
            runner=self.runner,
            env={**self.engine.environment, "BUILDX_CONFIG": str(folder / "buildx")},
            limits=limits,
            on_progress=lambda progress: self.display.moved(build, progress),
            on_line=lambda line: self.display.line(build, line),
        )


def _log(build: Build) -> PurePosixPath:
    """Where a build's log is, below the folder of outputs."""
    return PurePosixPath("logs", f"{build.target}.log")


def _outcome(build: Build, result: Result, *, code: ExitCode = ExitCode.DONE, detail: str = "") -> Outcome:
    return Outcome(str(build.target), build.target.arch, build.build_id, result, code, detail)
