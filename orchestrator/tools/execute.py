"""Carries out the builds of a plan: solve, check, push, test, and only then the build ID."""

import asyncio
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from orchestrator.errors import ExitCode, OrchestratorError
from orchestrator.model.config import SmokeTest
from orchestrator.model.facts import Facts
from orchestrator.model.outcomes import Outcome, Result, record
from orchestrator.model.plan import Build
from orchestrator.model.solve import Progress
from orchestrator.tools import buildx, contexts, files, layout, smoke, staging
from orchestrator.tools.docker_host import Engine
from orchestrator.tools.process import Runner
from orchestrator.tools.progress import Display
from orchestrator.tools.registry import Registry


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

        async def in_slot(build: Build) -> Outcome:
            async with slots:
                if fail_fast and failed.is_set():
                    return _outcome(build, Result.NOT_RUN, code=ExitCode.INCOMPLETE, detail="another build failed")
                outcome = await self._attempt(build)
            if outcome.code is not ExitCode.DONE:
                failed.set()
            return outcome

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(in_slot(build), name=str(build.target)) for build in builds]
        return tuple(task.result() for task in tasks)

    async def _attempt(self, build: Build) -> Outcome:
        clock = asyncio.get_running_loop().time
        started, start = self.now(), clock()
        self.display.started(build)
        scratch = self.out / "tmp" / build.build_id
        try:
            outcome = await self._carry_out(build, scratch)
        except OrchestratorError as error:
            outcome = _outcome(build, Result.FAILED, code=error.exit_code, detail=str(error))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        outcome = replace(outcome, seconds=round(clock() - start, 3), log=_log(build).as_posix())
        text = json.dumps(record(outcome, build, started=started), indent=2) + "\n"
        files.write(self.out, {PurePosixPath("builds", build.target.arch, f"{build.build_id}.json"): text})
        self.display.finished(outcome)
        return outcome

    async def _carry_out(self, build: Build, scratch: Path) -> Outcome:
        solved = await self._solve(build, scratch)
        if solved.code is not ExitCode.DONE:
            failed = _outcome(build, Result.FAILED, code=solved.code, detail=solved.message)
            return replace(failed, tail=solved.tail)
        self.display.phase(build, "checking")
        built = await asyncio.to_thread(layout.read, scratch / "layout")
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
        await staging.tag(build, index, self.registry)
        return outcome

    async def _solve(self, build: Build, scratch: Path) -> buildx.Solved:
        epoch = self.epochs[str(build.directory)]
        order = buildx.Order(
            build=build,
            builder=self.engine.context or "default",
            context=contexts.copy(self.root / build.directory, scratch / "context", epoch=epoch),
            sources=self.sources.get(build.target.facts),
            output=scratch / "layout",
            epoch=epoch,
        )

        def on_progress(progress: Progress) -> None:
            self.display.moved(build, progress)

        def on_line(line: str) -> None:
            self.display.line(build, line)

        return await buildx.solve(
            order,
            runner=self.runner,
            env={**self.engine.environment, "BUILDX_CONFIG": str(scratch / "buildx")},
            log=self.out / _log(build),
            on_progress=on_progress,
            on_line=on_line,
        )


def _log(build: Build) -> PurePosixPath:
    """Where a build's log is, below the folder of outputs."""
    return PurePosixPath("logs", f"{build.target}.log")


def _outcome(build: Build, result: Result, *, code: ExitCode = ExitCode.DONE, detail: str = "") -> Outcome:
    return Outcome(str(build.target), build.target.arch, build.build_id, result, code, detail)
