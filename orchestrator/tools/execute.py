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
from orchestrator.model.solve import Progress
from orchestrator.tools import buildx, contexts, files, layout, smoke, staging
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.process import Runner
from orchestrator.tools.progress import Display
from orchestrator.tools.registry import Registry
from orchestrator.tools.scratch import scratch


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

    async def run(self, builds: Sequence[Build], *, jobs: int, fail_fast: bool) -> tuple[Outcome, ...]:
        """Run builds, `jobs` at a time; a failure stops no other build unless `fail_fast`."""
        slots = asyncio.Semaphore(jobs)
        failed = asyncio.Event()

        async def in_slot(build: Build, folder: Path) -> Outcome:
            async with slots:
                if fail_fast and failed.is_set():
                    return _outcome(build, Result.NOT_RUN, code=ExitCode.INCOMPLETE, detail="another build failed")
                outcome = await self._attempt(build, folder / str(build.target))
            if outcome.code is not ExitCode.DONE:
                failed.set()
            return outcome

        with scratch(self.out / "tmp") as folder:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(in_slot(build, folder), name=str(build.target)) for build in builds]
        return tuple(task.result() for task in tasks)

    async def _attempt(self, build: Build, folder: Path) -> Outcome:
        clock = asyncio.get_running_loop().time
        started, start = self.now(), clock()
        self.display.started(build)
        try:
            outcome = await self._carry_out(build, folder)
        except OrchestratorError as error:
            outcome = _outcome(build, Result.FAILED, code=error.exit_code, detail=str(error))
        finally:
            # Layouts are large, so they do not wait for the end of the run.
            shutil.rmtree(folder, ignore_errors=True)
        outcome = replace(outcome, seconds=round(clock() - start, 3), log=_log(build).as_posix())
        outcome = self._recorded(outcome, build, started=started)
        self.display.finished(outcome)
        return outcome

    def _recorded(self, outcome: Outcome, build: Build, *, started: datetime) -> Outcome:
        text = json.dumps(record(outcome, build, started=started), indent=2) + "\n"
        try:
            files.write(self.out, {PurePosixPath("builds", build.target.arch, f"{build.build_id}.json"): text})
        except LocalOutputError as error:
            detail = "\n".join(filter(None, (outcome.detail, str(error))))
            return replace(outcome, code=worst((outcome.code, error.exit_code)), detail=detail)
        return outcome

    async def _carry_out(self, build: Build, folder: Path) -> Outcome:
        solved = await self._solve(build, folder)
        if solved.code is not ExitCode.DONE:
            failed = _outcome(build, Result.FAILED, code=solved.code, detail=solved.message)
            return replace(failed, tail=solved.tail)
        self.display.phase(build, "checking")
        built = await asyncio.to_thread(layout.read, folder / "layout")
        await asyncio.to_thread(layout.check_arch, built, build.target.arch)
        self.display.phase(build, "pushing")
        index = await staging.push(built, build, self.registry)
        self.display.phase(build, "testing")
        image = build.staging.pinned(built.image.digest)
        results = await smoke.run_tests(self.tests, build.target, image, connect=self.connect)
        outcome = replace(
            _outcome(build, Result.BUILT),
            digest=index.digest,
            image_digest=built.image.digest,
            size=sum(layer.size for layer in built.image.layers),
            steps=solved.progress.steps[1],
            cached_steps=solved.progress.cached,
            tests=results,
        )
        broken = [f"smoke test {test.name}: {test.problem}" for test in results if test.problem]
        if broken:
            return replace(outcome, result=Result.FAILED, code=ExitCode.TEST_FAILED, detail="\n".join(broken))
        kept = await staging.tag(build, index, self.registry)
        return replace(outcome, digest=kept.digest, image_digest=staging.image_of(kept).digest)

    async def _solve(self, build: Build, folder: Path) -> buildx.Solved:
        epoch = self.epochs[str(build.directory)]
        context = contexts.copy(self.root / build.directory, folder / "context", epoch=epoch)
        contexts.check(context, build.inputs)
        order = buildx.Order(
            build=build,
            builder=self.engine.context or "default",
            context=context,
            sources=self.sources.get(build.target.facts),
            output=folder / "layout",
            epoch=epoch,
        )

        def on_progress(progress: Progress) -> None:
            self.display.moved(build, progress)

        def on_line(line: str) -> None:
            self.display.line(build, line)

        return await buildx.solve(
            order,
            runner=self.runner,
            env={**self.engine.environment, "BUILDX_CONFIG": str(folder / "buildx")},
            log=self.out / _log(build),
            on_progress=on_progress,
            on_line=on_line,
        )


def _log(build: Build) -> PurePosixPath:
    """Where a build's log is, below the folder of outputs."""
    return PurePosixPath("logs", f"{build.target}.log")


def _outcome(build: Build, result: Result, *, code: ExitCode = ExitCode.DONE, detail: str = "") -> Outcome:
    return Outcome(str(build.target), build.target.arch, build.build_id, result, code, detail)
