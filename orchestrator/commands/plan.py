"""Shows what would be built and why."""

import json
from pathlib import Path, PurePosixPath

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import Project, registries
from orchestrator.commands.selecting import selects
from orchestrator.errors import ExitCode
from orchestrator.model.plan import Plan
from orchestrator.model.plan.file import document
from orchestrator.model.targets import NATIVE, Selection
from orchestrator.render.summary import plan_text
from orchestrator.tools import files


@click.command(name="plan")
@selects(default_arch=NATIVE)
@click.option("--build-arg", "build_args", multiple=True, metavar="NAME=VALUE", help="A build argument. Repeats.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write it to this file, for `build --plan`.",
)
@text_or_json
def command(
    invocation: Invocation,
    *,
    selected: Selection,
    build_args: tuple[str, ...],
    output: Path | None,
    output_format: str,
) -> ExitCode:
    """Show what would be built and why. Asks registries only; starts no Docker and writes nothing but -o FILE.

    \b
    Example: orchestrator plan --variant slim --arch all
    """
    made = run(plan(invocation, selected, build_args))
    text = json.dumps(document(made, build_args), indent=2) + "\n" if output or output_format == "json" else ""
    if output is not None:
        files.write(output.parent, {PurePosixPath(output.name): text})
    if output_format == "json":
        click.echo(text, nl=False)
    else:
        click.echo(plan_text(made), nl=False)
    return made.code


async def plan(invocation: Invocation, selected: Selection, build_args: tuple[str, ...]) -> Plan:
    """The plan of the selected targets."""
    project = Project.read(invocation, build_args=build_args)
    async with registries(invocation, project) as opened:
        matrix = await opened.matrix()
        return await opened.plan(matrix.select(selected))
