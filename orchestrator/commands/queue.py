"""Says what an agent of one architecture should build now."""

import json
from collections.abc import Mapping

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import Project, registries
from orchestrator.commands.selecting import selects
from orchestrator.errors import ExitCode, InputError
from orchestrator.model.config import Config
from orchestrator.model.jenkins import agent_of
from orchestrator.model.plan import Build
from orchestrator.model.queue import Queue, queue
from orchestrator.model.targets import NATIVE, Selection, Target
from orchestrator.render.queue import queue_document, queue_text
from orchestrator.tools import queue_state


@click.command(name="queue")
@selects(default_arch=NATIVE)
@click.option("--build-arg", "build_args", multiple=True, metavar="NAME=VALUE", help="A build argument. Repeats.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show no more than N builds to start.")
@text_or_json
def command(
    invocation: Invocation,
    *,
    selected: Selection,
    build_args: tuple[str, ...],
    limit: int | None,
    output_format: str,
) -> ExitCode:
    """Show what to build now on one architecture, in order. Asks registries only.

    Builds that failed least come first. One that failed twice or more waits 1, 2, 4, 8, 16, then 32 hours before it is
    in the queue again; new inputs begin anew. Ends with 12 when something is needed but all of it waits.

    \b
    Example: orchestrator queue --arch arm64v8 --format json | jq -c '.queue[].command'
    """
    config, arch, found = run(_queue(invocation, selected, build_args))
    shown = found.first(limit)

    def words(build: Build) -> tuple[str, ...]:
        return build_command(build.target, build_args, overrides=invocation.overrides)

    def agents(build: Build) -> str | None:
        return agent_of(build, config.jenkins) if config.jenkins else None

    if output_format == "json":
        click.echo(json.dumps(queue_document(shown, arch, words, agents), indent=2))
    else:
        click.echo(queue_text(shown, words), nl=False)
    return found.code


def build_command(target: Target, build_args: tuple[str, ...], *, overrides: Mapping[str, str]) -> tuple[str, ...]:
    """The words that build a target and move its arch tags, where the queue looked; to be run in the image's folder."""
    where = (("--registry", overrides.get("registry")), ("--mirror", overrides.get("mirrors")))
    return (
        "orchestrator",
        *(word for option, value in where if value for word in (option, value)),
        *("build", str(target)),
        *(word for argument in build_args for word in ("--build-arg", argument)),
        "--push",
    )


async def _queue(invocation: Invocation, selected: Selection, build_args: tuple[str, ...]) -> tuple[Config, str, Queue]:
    project = Project.read(invocation, build_args=build_args)
    async with registries(invocation, project) as opened:
        chosen = (await opened.matrix()).select(selected)
        arch = only_arch(chosen)
        plan = await opened.plan(chosen)
        place = (await opened.repositories()).queue_state(arch)
        memory = await queue_state.read(place, opened.client) if plan.needed else {}
        return project.config, arch, queue(plan, memory, at=invocation.now())


def only_arch(targets: tuple[Target, ...]) -> str:
    """The one arch of these targets; raises InputError when they are for several."""
    arches = dict.fromkeys(target.arch for target in targets)
    if len(arches) > 1:
        raise InputError(f"a queue is that of one architecture, got {', '.join(arches)}; name one by --arch")
    return next(iter(arches))
