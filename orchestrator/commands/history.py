"""Lists runs that moved tags: all of them, or those of one tag."""

import json
from dataclasses import dataclass
from typing import Any

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import Project, registries
from orchestrator.errors import ExitCode, InputError, OrchestratorError, worst
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
@text_or_json
@click.pass_obj
def command(
    invocation: Invocation, *, tag: str | None, arch_name: str | None, limit: int, output_format: str
) -> ExitCode:
    """Show what TAG named, since when, from which builds, by whom; without TAG the runs that moved any.

    What cannot be read, a journal or the tag itself, is named on stderr, and the exit code says why; the rest is shown.

    \b
    Example: orchestrator history 3.14-slim
    """
    if arch_name and not tag:
        raise InputError("--arch: name a TAG, too; without one all runs are listed")
    if tag and not is_tag(tag):
        raise InputError(f"{tag!r} is not a tag; write it like 3.14-slim")
    known = run(_known(invocation, tag, arch_name, limit=limit))
    for problem in known.problems:
        click.echo(f"error: {problem}", err=True)
    if output_format == "json":
        click.echo(json.dumps(known.document, indent=2))
    else:
        click.echo(known.text, nl=False)
    return known.code


@dataclass(frozen=True, slots=True)
class _Known:
    """The last runs, the tag in full with the digest that it has now, and what of all that cannot be told."""

    runs: tuple[Journal, ...]
    place: Reference | None
    now: str | None
    """Empty where the tag names nothing, None where nobody can say."""
    problems: tuple[str, ...]
    code: ExitCode

    @property
    def text(self) -> str:
        return history_text(self.runs, self.place, self.now) if self.place else runs_text(self.runs)

    @property
    def document(self) -> dict[str, Any]:
        if self.place is None:
            return runs_document(self.runs, self.code)
        return history_document(self.runs, self.place, self.now, self.code)


async def _known(invocation: Invocation, tag: str | None, arch_name: str | None, *, limit: int) -> _Known:
    project = Project.without_templates(invocation, may_be_expired=True)
    async with registries(invocation, project) as opened:
        repositories = await opened.repositories()
        place = _place(repositories, tag, arch_name) if tag else None
        runs, unreadable = await journals.readable(repositories.journals, opened.client, limit=limit)
        now = await _now(place, opened.client) if place else ""
    unknown = (now,) if isinstance(now, OrchestratorError) else ()
    return _Known(
        runs,
        place,
        now=now if isinstance(now, str) else None,
        problems=(*(f"run {run}: {error}" for run, error in unreadable.items()), *map(str, unknown)),
        code=worst(error.exit_code for error in (*unreadable.values(), *unknown)),
    )


def _place(repositories: Repositories, tag: str, arch_name: str | None) -> Reference:
    if not arch_name:
        return repositories.shared.tagged(tag)
    try:
        return repositories.arch(arch(arch_name).name).tagged(tag)
    except ValueError as error:
        raise InputError(f"--arch: {error}") from error


async def _now(place: Reference, registry: Registry) -> str | OrchestratorError:
    """The digest of what a tag names, empty where that is nothing; the error where a registry cannot say."""
    try:
        found = await registry.resolve(place)
    except OrchestratorError as error:
        return error
    return found.digest if found else ""
