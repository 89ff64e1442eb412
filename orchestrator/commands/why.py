"""Compares the inputs of builds with those of their last staged ones, field by field."""

import json

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.plan import plan
from orchestrator.commands.selecting import selects
from orchestrator.errors import ExitCode
from orchestrator.model.targets import NATIVE, Selection
from orchestrator.render.why import why_document, why_text


@click.command(name="why")
@selects(default_arch=NATIVE)
@click.option("--build-arg", "build_args", multiple=True, metavar="NAME=VALUE", help="A build argument. Repeats.")
@text_or_json
def command(
    invocation: Invocation,
    *,
    selected: Selection,
    build_args: tuple[str, ...],
    output_format: str,
) -> ExitCode:
    """Show why a build is needed: its inputs when its target was staged last and now. Asks registries only.

    \b
    Example: orchestrator why 3.14/slim-trixie@arm64v8
    """
    made = run(plan(invocation, selected, build_args))
    if output_format == "json":
        click.echo(json.dumps(why_document(made), indent=2))
    else:
        click.echo(why_text(made), nl=False)
    return made.code
