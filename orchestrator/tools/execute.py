"""Carries out the builds of a plan: in its order, as many at once as there are slots, each to its recorded end."""

import asyncio
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath

from orchestrator.errors import ExitCode, LocalOutputError, OrchestratorError, worst
from orchestrator.model.facts import Facts
from orchestrator.model.failures import is_cache_broken
from orchestrator.model.outcomes import BuiltOn, Outcome, Result, on_parents, record
from orchestrator.model.plan import Build
from orchestrator.model.slots import Slots
from orchestrator.model.targets import Target
from orchestrator.tools import contexts, files
from orchestrator.tools.acceptance import Acceptance
from orchestrator.tools.attempts import Attempts, Patience
from orchestrator.tools.builders import ReadyBuilder
from orchestrator.tools.buildx import Order, Solved
from orchestrator.tools.progress import Display
from orchestrator.tools.watchdog import Limits, OverdueError, watched


@dataclass(frozen=True, slots=True)
class Executor:
    """Where builds run and what they share."""

    root: Path
    """The image's folder."""
    out: Path
    """The folder of logs and records."""
    passing: Path
    """The folder of passing files, of this run alone."""
    builders: Mapping[Target, ReadyBuilder]
    acceptance: Acceptance
    epochs: Mapping[str, int]
    """SOURCE_DATE_EPOCH by rendered directory."""
    sources: Mapping[Facts, Path]
    """The folder of downloads, for those that have any."""
    display: Display
    now: Callable[[], datetime]
    patience: Patience

    async def run(self, builds: Sequence[Build], *, slots: Slots, fail_fast: bool) -> tuple[Outcome, ...]:
        """Run builds, each after its parents, as many at a time as there are slots.

        A failure stops no other build than those that stand on it, unless `fail_fast`.
        """
        together = asyncio.Semaphore(slots.together)
        on_builder = {key: asyncio.Semaphore(count) for key, count in slots.on_builder.items()}
        attempts = Attempts(self.patience)
        failed = asyncio.Event()

        async def in_slot(build: Build) -> Outcome:
            # The builder's slot comes first: who waits for a busy builder must keep nobody from a free one.
            async with on_builder[slots.builder_of[build.target]], together:
                if fail_fast and failed.is_set():
                    skipped = _outcome(build, Result.NOT_RUN, code=ExitCode.INCOMPLETE, detail="another build failed")
                    return self._not_tried(skipped, build)
                outcome = await self._run_one(build, attempts)
            if outcome.code is not ExitCode.DONE:
                failed.set()
            return outcome

        tasks: dict[Target, asyncio.Task[Outcome]] = {}

        async def after_parents(build: Build) -> Outcome:
            mine = {target: tasks[target] for target in build.needs if target in tasks}
            if mine:
                await asyncio.wait(mine.values())
            ready = on_parents(build, {target: task.result() for target, task in mine.items()})
            return await in_slot(ready) if isinstance(ready, Build) else self._not_tried(ready, build)

        async with asyncio.TaskGroup() as group:
            for build in builds:
                tasks[build.target] = group.create_task(after_parents(build), name=str(build.target))
        return tuple(task.result() for task in tasks.values())

    def _not_tried(self, outcome: Outcome, build: Build) -> Outcome:
        outcome = self._recorded(outcome, build, started=self.now())
        self.display.finished(outcome)
        return outcome

    async def _run_one(self, build: Build, attempts: Attempts) -> Outcome:
        """Run a build to its end, and record that, even where the run is interrupted."""
        clock = asyncio.get_running_loop().time
        started, start, builder = self.now(), clock(), self.builders[build.target]
        folder = self.passing / str(build.target)
        self.display.started(build)

        def ended(outcome: Outcome) -> Outcome:
            outcome = replace(
                outcome,
                seconds=round(clock() - start, 3),
                builder=BuiltOn(builder.key, builder.address),
                log=_log(build).as_posix(),
            )
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
        builder = self.builders[build.target]
        order = self._order(build, folder, builder)
        total = self.patience.total_seconds
        limits = Limits(self.patience.idle_seconds, total, asyncio.get_running_loop().time() + total)
        solved = await self._attempted(order, limits, attempts)
        outcome = replace(
            _outcome(build, Result.FAILED, code=solved.code, detail=solved.message), attempts=solved.attempts
        )
        if solved.code is not ExitCode.DONE:
            return replace(outcome, tail=solved.tail, place=solved.place)
        outcome = replace(outcome, steps=solved.progress.steps[1], cached_steps=solved.progress.cached)
        try:
            async with watched(replace(limits, idle_seconds=total)):
                phase, arrived = partial(self.display.phase, build), partial(self.display.pushed, build)
                return await self.acceptance.of(order, outcome, builder=builder, phase=phase, arrived=arrived)
        except OrchestratorError as error:
            return replace(outcome, code=error.exit_code, detail=str(error))
        except OverdueError as error:
            return replace(outcome, code=error.code, detail=str(error))

    async def _attempted(self, order: Order, limits: Limits, attempts: Attempts) -> Solved:
        """What the last attempt came to; after one that the builder's cache spoilt there are none with it."""
        build = order.build

        async def solve(number: int) -> Solved:
            nonlocal order
            solved = await self._solve(replace(order, attempt=number), limits)
            order = replace(order, no_cache=order.no_cache or is_cache_broken(solved.message))
            return solved

        return await attempts.run(
            solve,
            is_emulated=build.target.arch in self.builders[build.target].runs.emulated,
            until=limits.until,
            tell=lambda again: self.display.retried(build, again),
        )

    def _order(self, build: Build, folder: Path, builder: ReadyBuilder) -> Order:
        return Order(
            build=build,
            builder=builder.name,
            context=folder / "context",
            sources=self.sources.get(build.target.facts),
            output=folder / "layout",
            epoch=self.epochs[str(build.directory)],
            log=self.out / _log(build),
            pushes=builder.pushes,
        )

    async def _solve(self, order: Order, limits: Limits) -> Solved:
        build = order.build
        # What an attempt before it left may be half done.
        shutil.rmtree(order.context.parent, ignore_errors=True)
        contexts.copy(self.root / build.directory, order.context, files=build.inputs.files, epoch=order.epoch)
        contexts.check(order.context, build.inputs)
        return await self.builders[build.target].solve(
            order,
            limits=limits,
            on_progress=partial(self.display.moved, build),
            on_line=partial(self.display.line, build),
        )


def _log(build: Build) -> PurePosixPath:
    """Where a build's log is, below the folder of outputs."""
    return PurePosixPath("logs", f"{build.target}.log")


def _outcome(build: Build, result: Result, *, code: ExitCode = ExitCode.DONE, detail: str = "") -> Outcome:
    return Outcome(str(build.target), build.target.arch, build.build_id, result, code, detail)
