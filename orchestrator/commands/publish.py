"""Publishes: arch tags, then shared tags."""

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import PurePosixPath

import click

from orchestrator import __version__
from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import OUT, Project, Registries, registries
from orchestrator.commands.selecting import selects
from orchestrator.errors import ExitCode, InputError
from orchestrator.model.platforms import ARCHES, Platform
from orchestrator.model.publishing.journal import Journal, run_id
from orchestrator.model.publishing.moves import Moved, Rules
from orchestrator.model.publishing.publication import (
    Publication,
    Wanted,
    arch_publications,
    shared_publications,
    wanted,
)
from orchestrator.model.publishing.run import PublishRun
from orchestrator.model.targets import ALL, Matrix, Selection, Target
from orchestrator.render.publication import publish_document, publish_text
from orchestrator.tools import files, git
from orchestrator.tools.publish import Publishing, publish
from orchestrator.tools.publish.live import staged_targets

_Kinds = tuple[Callable[..., tuple[Publication, ...]], ...]
_OF_ARCHES: _Kinds = (arch_publications,)
_SHARED: _Kinds = (shared_publications,)

_SALT_BYTES = 4
_JOB = "BUILD_TAG"
"""Jenkins' name for a job and its number."""


@click.command(name="publish")
@selects(default_arch=ALL)
@click.option("--build-arg", "build_args", multiple=True, metavar="NAME=VALUE", help="As the builds were given it.")
@click.option("--allow-drop", multiple=True, metavar="PLATFORM", help="A platform that tags may lose: linux/s390x.")
@click.option("--allow-older", is_flag=True, help="Move tags that a newer checkout has published.")
@click.option("--shared-only", is_flag=True, help="Leave the tags of architectures to their own jobs.")
@click.option("--repair", is_flag=True, help="Also bring back images that tags name and their repository has lost.")
@click.option("--by", default="", metavar="NAME", help="Who publishes, for the journal; the job or host if left out.")
@click.option("--dry-run", is_flag=True, help="Show which tags would move, by which requests; change nothing.")
@text_or_json
def command(
    invocation: Invocation,
    *,
    selected: Selection,
    build_args: tuple[str, ...],
    allow_drop: tuple[str, ...],
    by: str,
    output_format: str,
    shared_only: bool,
    **may: bool,
) -> ExitCode:
    """Point arch tags, then shared tags, at what is staged.

    A shared tag moves only when every required architecture is staged. With --arch only that architecture's own tags
    move, which is what a job for one architecture wants; with --shared-only all but those of architectures, whose
    repositories it need not be able to write. Several jobs may publish at once, and again at any time.

    \b
    Example: orchestrator publish --version 3.14 --dry-run
    """
    project = Project.read(invocation, build_args=build_args)
    rules = Rules(platforms(allow_drop), **may)
    kinds = _kinds(selected, shared_only=shared_only)
    if not rules.dry_run:
        files.try_out(invocation.root / OUT)
    done = run(_publish(invocation, project, selected, kinds, rules, by=by))
    text = json.dumps(publish_document(done), indent=2) + "\n"
    if not rules.dry_run:
        files.write(invocation.root / OUT, {PurePosixPath("publish.json"): text})
    click.echo(text if output_format == "json" else publish_text(done), nl=False)
    return done.code


def _kinds(selected: Selection, *, shared_only: bool) -> _Kinds:
    """Which tags move."""
    if ALL in selected.arches:
        return _SHARED if shared_only else (*_OF_ARCHES, *_SHARED)
    if shared_only:
        raise InputError("--shared-only: shared tags join all architectures; leave out --arch, and arches of targets")
    return _OF_ARCHES


def platforms(words: Iterable[str]) -> frozenset[str]:
    """The platforms that these words mean, in every spelling: linux/arm64 is linux/arm64/v8."""
    try:
        meant = {Platform.parse(word).normal for word in words}
    except ValueError as error:
        raise InputError(f"--allow-drop: {error}") from error
    bare = (Platform(platform.os, platform.architecture) for platform in meant)
    return frozenset(map(str, (*meant, *(platform for platform in bare if platform.normal in meant))))


def journal(invocation: Invocation, *, verb: str, by: str) -> Journal:
    """The journal of a run that begins now."""
    began = invocation.now()
    who = by or invocation.environment.get(_JOB) or invocation.host or "unknown"
    run = run_id(began, salt=secrets.token_hex(_SALT_BYTES))
    return Journal(run, verb, began.replace(microsecond=0), by=who, tool=__version__)


async def publish_arches(
    opened: Registries, *, matrix: Matrix, chosen: Collection[Target], rules: Rules
) -> tuple[Moved, ...]:
    """Move the tags of these targets in the repositories of their own arches."""
    arches = {target.arch for target in chosen}
    done = await _published(opened, matrix, chosen, rules, arches=arches, kinds=_OF_ARCHES, by="")
    return done.moved


async def _publish(
    invocation: Invocation, project: Project, selected: Selection, kinds: _Kinds, rules: Rules, *, by: str
) -> PublishRun:
    async with registries(invocation, project) as opened:
        matrix = await opened.matrix()
        chosen = matrix.select(selected)
        arches = {target.arch for target in chosen} if kinds == _OF_ARCHES else set(ARCHES)
        return await _published(opened, matrix, chosen, rules, arches=arches, kinds=kinds, by=by)


async def _published(
    opened: Registries,
    matrix: Matrix,
    chosen: Collection[Target],
    rules: Rules,
    *,
    arches: Collection[str],
    kinds: _Kinds,
    by: str,
) -> PublishRun:
    invocation, project = opened.invocation, opened.project
    generation = await git.commit_time(invocation.root, runner=invocation.runner)
    tags = _wanted(project, matrix, chosen, arches=arches, generation=generation)
    repositories = await opened.repositories()

    async def ask() -> Sequence[Publication]:
        found = await staged_targets(await opened.plan(tags.targets), opened.client)
        return [each for kind in kinds for each in kind(tags, found, repositories=repositories)]

    how = Publishing(opened.client, repositories.journals, rules, keep_alive=project.config.keep_alive)
    return await publish(ask, journal(invocation, verb="publish", by=by), how)


def _wanted(
    project: Project, matrix: Matrix, chosen: Collection[Target], *, arches: Collection[str], generation: int | None
) -> Wanted:
    """The tags of the chosen targets with all that stands under them on these arches, chosen or not."""
    names = {tag for target in chosen for tag in project.tags[target.facts.line, target.facts.variant].all}
    on_arches = [target for target in matrix.targets if target.arch in arches]
    every = wanted(on_arches, project.tags, generation=generation)
    return Wanted(
        {tag: targets for tag, targets in every.expected.items() if tag in names}, every.exact, every.generation
    )
