"""Builds what is needed: renders, plans, runs, tests, stages, and says what became of it."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

import click

from orchestrator.commands.carry_out import carried_out
from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import OUT, Project, Registries, registries
from orchestrator.commands.selecting import selects
from orchestrator.commands.spans import Span
from orchestrator.commands.work import Work
from orchestrator.errors import ExitCode, InputError, LocalOutputError
from orchestrator.model.build_run import BuildRun
from orchestrator.model.outcomes import Outcome
from orchestrator.model.plan import Plan
from orchestrator.model.plan import file as plan_file
from orchestrator.model.plan.document import plan_document
from orchestrator.model.plan.file import PlanFile
from orchestrator.model.publishing.moves import Moved, Rules
from orchestrator.model.targets import NATIVE, Matrix, Selection, Target
from orchestrator.render.build_run import build_run_document, build_run_text
from orchestrator.render.junit import junit
from orchestrator.tools import files, on_demand
from orchestrator.tools.logs import log
from orchestrator.tools.progress import Mode

Load = Callable[[Plan, Sequence[Outcome]], Awaitable[tuple[str, ...]]]
"""Puts images that exist now into the local engine, and returns their names there."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a run of `build` is told besides its targets."""

    work: Work
    build_args: tuple[str, ...]
    plan_file: PlanFile | None
    """The plan to carry out as it is, instead of what is selected."""
    forced: str
    """Why everything selected is built anew; empty when it is not."""
    load: bool
    push: bool
    dry_run: bool


@click.command(name="build")
@selects(default_arch=NATIVE)
@click.option("--build-arg", "build_args", multiple=True, metavar="NAME=VALUE", help="A build argument. Repeats.")
@click.option(
    "--plan",
    "plan_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Build what `plan -o FILE` planned; refused when anything changed since.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Builds at once, on all builders together.")
@click.option(
    "--idle-timeout", type=Span(), default="20m", show_default=True, help="End an attempt that is silent for so long."
)
@click.option("--timeout", type=Span(), default="3h", show_default=True, help="End a build that takes so long.")
@click.option("--fail-fast", is_flag=True, help="Start no further build after the first failure.")
@click.option("--emulate", is_flag=True, help="Build for other machines through emulation.")
@click.option("--force", is_flag=True, help="Build although it is staged already; needs --reason.")
@click.option("--reason", default="", metavar="TEXT", help="Why with --force; kept in the record.")
@click.option("--load", is_flag=True, help="Also put the images into the local engine under their tags.")
@click.option("--push", is_flag=True, help="Also move the tags of the architectures' own repositories.")
@click.option("--dry-run", is_flag=True, help="Show what would be built; change nothing.")
@click.option(
    "--progress",
    type=click.Choice([str(mode) for mode in Mode]),
    default=str(Mode.AUTO),
    callback=lambda _context, _parameter, value: Mode(value),
    help="What stderr shows: a table (on terminals), the builds' lines, or events as JSON; auto: table, in CI lines.",
)
@text_or_json
def command(
    invocation: Invocation,
    /,
    *,
    selected: Selection,
    force: bool,
    reason: str,
    output_format: str,
    plan_path: Path | None,
    build_args: tuple[str, ...],
    **options: Any,
) -> ExitCode:
    """Build what is needed, test it, and stage it.

    Without --arch it builds for this machine's own architecture.

    \b
    Example: orchestrator build --variant alpine --version 3.14 --arch all --emulate
    """
    if force != bool(reason):
        raise InputError("--force and --reason go together: say why what is built already is built again")
    planned = _plan_file(plan_path, is_alone=selected.is_default and not (force or build_args)) if plan_path else None
    given = Options(
        build_args=planned.build_args if planned else build_args,
        plan_file=planned,
        forced=reason,
        work=Work(**{field.name: options.pop(field.name) for field in fields(Work)}),
        **options,
    )
    if given.work.progress is Mode.JSON:
        # Programs read stderr then, so each line is a document.
        log.configure(as_json=True, verbose=log.is_verbose)
    done = run(_build(invocation, selected, given))
    if output_format == "json":
        click.echo(json.dumps(build_run_document(done), indent=2))
    else:
        click.echo(build_run_text(done), nl=False)
    return done.code


async def _build(invocation: Invocation, selected: Selection, options: Options) -> BuildRun:
    project = Project.read(invocation, build_args=options.build_args)
    if not options.dry_run:
        files.write(invocation.root / project.config.dockerfiles, project.tree)
    async with registries(invocation, project) as opened:
        matrix = await opened.matrix()
        planned = options.plan_file
        chosen = planned.targets(matrix) if planned else matrix.select(selected)
        plan = await opened.plan(chosen, forced=options.forced, emulate=options.work.emulate)
        if planned:
            planned.check(plan)
        if options.dry_run:
            return BuildRun(plan)
        document = json.dumps(plan_document(plan), indent=2) + "\n"
        files.write(invocation.root / OUT, {PurePosixPath("plan.json"): document})
        # Whether there is an engine is better known before builds that take hours.
        load = await _loader(opened) if options.load else None
        outcomes = await carried_out(invocation, opened, plan, options.work)
        unwritten = _results_written(invocation.root / OUT, junit(outcomes, name=project.config.title))
        if plan.needed:
            await on_demand.module("commands.running").remembered(invocation, opened, outcomes)
        moved = await _moved(opened, matrix, chosen) if options.push else ()
        loaded = await load(plan, outcomes) if load else ()
        return BuildRun(plan, outcomes, moved, loaded, unwritten)


def _results_written(out: Path, results: str) -> tuple[str, ...]:
    """Write test results; returns what keeps them from it, for what became of builds is told all the same."""
    try:
        files.write(out, {PurePosixPath("junit.xml"): results})
    except LocalOutputError as error:
        return error.problems
    return ()


async def _moved(opened: Registries, matrix: Matrix, chosen: Sequence[Target]) -> tuple[Moved, ...]:
    publish = on_demand.module("commands.publish")
    moved: tuple[Moved, ...] = await publish.publish_arches(opened, matrix=matrix, chosen=chosen, rules=Rules())
    return moved


async def _loader(opened: Registries) -> Load:
    loader: Load = await on_demand.module("commands.loading").loader(opened)
    return loader


def _plan_file(path: Path, *, is_alone: bool) -> PlanFile:
    if not is_alone:
        raise InputError(
            "--plan: a plan is carried out as it is; "
            "leave out targets, --version, --variant, --arch, --force and --build-arg"
        )
    return plan_file.read(files.read(path), name=str(path))
