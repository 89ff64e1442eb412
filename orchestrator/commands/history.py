"""Lists runs that moved tags: all of them, or those of one tag."""

import json

import click

from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import Project, registries
from orchestrator.errors import ExitCode, InputError
from orchestrator.model.platforms import arch
from orchestrator.model.publishing.journal import Journal
from orchestrator.model.references import Reference, is_tag
from orchestrator.model.repositories import Repositories
from orchestrator.render.history import history_document, history_text, runs_document, runs_text
from orchestrator.tools.publish import journals
from orchestrator.tools.registry import Registry


@click.command(name="history")
@click.argument("tag", required=False)
@click.option("--arch", "arch_name", metavar="ARCH", help="The tag of this arch's own repository, not the shared one.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Look at so many last runs.")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@click.pass_obj
def command(
    invocation: Invocation, *, tag: str | None, arch_name: str | None, limit: int, output_format: str
) -> ExitCode:
    """Show what TAG named, since when, from which builds, by whom; without TAG the runs that moved any.

    \b
    Example: orchestrator history 3.14-slim
    """
    if arch_name and not tag:
        raise InputError("--arch: name a TAG, too; without one all runs are listed")
    if tag and not is_tag(tag):
        raise InputError(f"{tag!r} is not a tag; write it like 3.14-slim")
    runs, place, now = run(_history(invocation, tag, arch_name, limit=limit))
    is_json = output_format == "json"
    if place is None:
        click.echo(json.dumps(runs_document(runs), indent=2) + "\n" if is_json else runs_text(runs), nl=False)
    elif is_json:
        click.echo(json.dumps(history_document(runs, place, now), indent=2))
    else:
        click.echo(history_text(runs, place, now), nl=False)
    return ExitCode.DONE


async def _history(
    invocation: Invocation, tag: str | None, arch_name: str | None, *, limit: int
) -> tuple[tuple[Journal, ...], Reference | None, str]:
    """The last runs, the tag in full, and the digest that it has now."""
    project = Project.read(invocation, may_be_expired=True)
    async with registries(invocation, project) as opened:
        repositories = await opened.repositories()
        place = _place(repositories, tag, arch_name) if tag else None
        runs = await journals.latest(repositories.journals, opened.client, limit=limit)
        return runs, place, await _now(place, opened.client) if place else ""


def _place(repositories: Repositories, tag: str, arch_name: str | None) -> Reference:
    if not arch_name:
        return repositories.shared.tagged(tag)
    try:
        return repositories.arch(arch(arch_name).name).tagged(tag)
    except ValueError as error:
        raise InputError(f"--arch: {error}") from error


async def _now(place: Reference, registry: Registry) -> str:
    found = await registry.resolve(place)
    return found.digest if found else ""
