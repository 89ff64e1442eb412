"""Takes back what a run of publishing moved."""

import json

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import Project, registries
from orchestrator.commands.publish import journal, platforms
from orchestrator.errors import ExitCode, worst
from orchestrator.model.publishing.moves import Rules
from orchestrator.model.publishing.rollback import Restored
from orchestrator.render.publication import rollback_document, rollback_text
from orchestrator.tools.publish import journals
from orchestrator.tools.publish.rollback import TakingBack, roll_back


@click.command(name="rollback")
@click.argument("name", metavar="RUN")
@click.option("--allow-drop", multiple=True, metavar="PLATFORM", help="A platform that tags may lose: linux/s390x.")
@click.option(
    "--by", default="", metavar="NAME", help="Who takes it back, for the journal; the job or host if left out."
)
@click.option("--dry-run", is_flag=True, help="Show which tags would go back; change nothing.")
@text_or_json
@click.pass_obj
def command(
    invocation: Invocation, *, name: str, allow_drop: tuple[str, ...], by: str, dry_run: bool, output_format: str
) -> ExitCode:
    """Make the tags that RUN moved name what they named before it.

    A tag that was moved since is left alone (exit code 21). One that was new stays: a registry lets go of a tag only
    with all that shares its image. What would lose a platform needs --allow-drop. Mend the checkout as well, or the
    next `publish` moves the tags again. `orchestrator history` lists runs; a rollback is a run, too.

    \b
    Example: orchestrator rollback 20260131T120000Z-0123abcd --dry-run
    """
    done = run(_rollback(invocation, name, Rules(platforms(allow_drop), dry_run=dry_run), by=by))
    code = worst(each.code for each in done)
    if output_format == "json":
        click.echo(json.dumps(rollback_document(done, code), indent=2))
    else:
        click.echo(rollback_text(done), nl=False)
    return code


async def _rollback(invocation: Invocation, name: str, rules: Rules, *, by: str) -> tuple[Restored, ...]:
    project = Project.without_templates(invocation, may_be_expired=True)
    async with registries(invocation, project) as opened:
        repositories = await opened.repositories()
        found = await journals.of_run(name, repositories.journals, opened.client)
        how = TakingBack(opened.client, repositories.journals, repositories.shared, rules)
        return await roll_back(found, journal(invocation, verb="rollback", by=by), how)
