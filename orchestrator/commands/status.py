"""Shows how every target stands: on the terminal, as JSON, as a page."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import OUT, Project, Registries, registries
from orchestrator.commands.selecting import selects
from orchestrator.errors import (
    ContractBrokenError,
    ExitCode,
    NotAuthorisedError,
    OrchestratorError,
    UnavailableError,
)
from orchestrator.model.plan import Plan, Unknown
from orchestrator.model.queue.failing_builds import Memory
from orchestrator.model.repositories import Repositories
from orchestrator.model.status import Status, cells, with_public
from orchestrator.model.status.public_tags import Places, shared_tags
from orchestrator.model.targets import ALL, Selection, Target
from orchestrator.render.status import status_document, status_text
from orchestrator.render.status_page import TEMPLATES, page
from orchestrator.tools import files, public_tags, queue_state
from orchestrator.tools.last_builds import here

_TEMPLATES = Path(__file__).parents[1] / TEMPLATES

# What a registry fails by; wrong inputs end the run.
_REMOTE_ERRORS = (UnavailableError, NotAuthorisedError, ContractBrokenError)


@click.command(name="status")
@selects(default_arch=ALL)
@click.option("--build-arg", "build_args", multiple=True, metavar="NAME=VALUE", help="A build argument. Repeats.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Also write it as one page."
)
@text_or_json
def command(
    invocation: Invocation,
    *,
    selected: Selection,
    build_args: tuple[str, ...],
    html: Path | None,
    output_format: str,
) -> ExitCode:
    """Show how every target stands on every architecture, and what of it is public.

    A target is up to date, stale, building, failed, blocked, missing, or unknown. Asks registries only, and reads what
    earlier builds left in `out/`. What cannot be looked up is unknown, and the verb then ends with 13; however builds
    stand, it ends with 0. The page needs no network: it can be kept, or sent.

    \b
    Example: orchestrator status --version 3.14
    Example: orchestrator status --html out/status.html
    """
    found = run(_status(invocation, selected, build_args, with_sizes=html is not None or output_format == "json"))
    document = status_document(found)
    if html is not None:
        text = page(document, files.read_folder(_TEMPLATES, suffix=""))
        files.write(html.parent, {PurePosixPath(html.name): text})
    if output_format == "json":
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(status_text(found), nl=False)
    return found.code


async def _status(
    invocation: Invocation, selected: Selection, build_args: tuple[str, ...], *, with_sizes: bool
) -> Status:
    project = Project.read(invocation, build_args=build_args, may_be_expired=True)
    async with registries(invocation, project) as opened:
        targets = (await opened.matrix()).select(selected)
        repositories = await opened.repositories()
        plan = await _plan(opened, targets)
        places = Places.of(targets, project.tags, repositories)
        (memory, forgotten), (found, unanswered) = await asyncio.gather(
            _memory(plan, opened, repositories),
            public_tags.find(plan, places, repositories.journals, opened.client, with_sizes=with_sizes),
        )
    at, local = invocation.now(), here(invocation.root / OUT, plan.builds)
    return Status(
        repositories,
        at,
        with_public(cells(targets, plan, memory, local, at=at), places, found),
        shared_tags(places, found),
        local.last_run,
        (*(unknown.error for unknown in plan.unknown), *forgotten, *unanswered),
    )


async def _plan(opened: Registries, targets: Sequence[Target]) -> Plan:
    """The plan; where nothing at all can be looked up, all of it is unknown."""
    try:
        return await opened.plan(targets)
    except _REMOTE_ERRORS as error:
        return Plan((), tuple(Unknown(target, error) for target in targets))


async def _memory(plan: Plan, opened: Registries, repositories: Repositories) -> tuple[Memory, list[OrchestratorError]]:
    """What is remembered of the failures of needed builds, and why parts of it cannot be told."""
    arches = dict.fromkeys(build.target.arch for build in plan.needed)

    async def of(arch: str) -> Memory | OrchestratorError:
        try:
            return await queue_state.read(repositories.queue_state(arch), opened.client)
        except _REMOTE_ERRORS as error:
            return error

    several = await asyncio.gather(*map(of, arches))
    errors = [each for each in several if isinstance(each, OrchestratorError)]
    known = (each for each in several if not isinstance(each, OrchestratorError))
    return {build_id: failing for memory in known for build_id, failing in memory.items()}, errors
