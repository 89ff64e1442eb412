"""Shows which builds stand on a base, and what becomes of them when it moves."""

import json

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import Project, registries
from orchestrator.errors import ExitCode, InputError
from orchestrator.model.bases import Base
from orchestrator.model.facts import Facts
from orchestrator.model.plan.impact import Impact, Standing, impacts, standing_on
from orchestrator.model.references import Reference, is_digest
from orchestrator.model.targets import Matrix
from orchestrator.render.dockerfile import path_of
from orchestrator.render.impact import Arches, impact_document, impacts_text, standing_text
from orchestrator.tools import bases


@click.command(name="impact")
@click.argument("name", metavar="BASE")
@click.option("--digest", default="", metavar="sha256:...", help="What BASE would name: an index or one manifest.")
@click.option("--build-arg", "build_args", multiple=True, metavar="NAME=VALUE", help="A build argument. Repeats.")
@text_or_json
@click.pass_obj
def command(
    invocation: Invocation, /, *, name: str, digest: str, build_args: tuple[str, ...], output_format: str
) -> ExitCode:
    """Show which builds stand on BASE, in any stage or through parents, and would be needed again if it moved.

    Asks nobody. With --digest it asks registries, and tells the builds whose platform really differs there.

    \b
    Example: orchestrator impact debian:trixie-slim
    """
    base = _reference(name, digest)
    project = Project.read(invocation, build_args=build_args)
    dockerfiles = {facts: project.tree[path_of(facts)] for facts in project.facts}
    standing = standing_on(base, dockerfiles, project.build_args, project.names)
    found = run(_impacts(invocation, project, standing, base, digest)) if digest else None
    arches = _arches(project, standing)
    if output_format == "json":
        click.echo(json.dumps(impact_document(base, standing, arches, found), indent=2))
    else:
        text = standing_text(base, standing, arches) if found is None else impacts_text(base, found)
        click.echo(text, nl=False)
    return ExitCode.DONE


def _reference(name: str, digest: str) -> Reference:
    if digest and not is_digest(digest):
        raise InputError(f"--digest {digest}: expected sha256: and 64 digits or letters a to f")
    try:
        return Reference.parse(name)
    except ValueError as error:
        raise InputError(f"BASE: {error}") from error


def _arches(project: Project, standing: tuple[Standing, ...]) -> Arches:
    """The arches of each, without excluded ones, where the configuration names them or those of its parent."""
    all_facts = [each.facts for each in standing]
    known = project.base_arches({})
    closed = [
        facts
        for facts in all_facts
        if facts.base in known or project.config.architectures_of(facts.variant) is not None
    ]
    arches: dict[Facts, tuple[str, ...]] = dict.fromkeys(closed, ())
    for target in Matrix.of(closed, project.config, base_arches=known).targets:
        arches[target.facts] += (target.arch,)
    return {facts: arches.get(facts) for facts in all_facts}


async def _impacts(
    invocation: Invocation, project: Project, standing: tuple[Standing, ...], base: Reference, digest: str
) -> tuple[Impact, ...]:
    if any(project.names.published(base, to=each.facts) for each in standing):
        raise InputError(
            f"--digest: {base.short} is built here, what stands on it follows its build ID; see `orchestrator plan`"
        )
    moved = base.pinned(digest)
    async with registries(invocation, project) as opened:
        targets = (await opened.matrix()).targets
        found: dict[Reference, Base] = await bases.find([base, moved], registry=opened.client, mirrors=opened.mirrors)
    return impacts(standing, targets, before=found[base], after=found[moved])
