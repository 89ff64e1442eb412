"""Publishes: arch tags, then shared tags."""

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

import click

from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import OUT, Project, Registries, registries
from orchestrator.commands.selecting import selects
from orchestrator.errors import ExitCode, InputError, worst
from orchestrator.model.platforms import ARCHES, Platform
from orchestrator.model.publication import Moved, arch_publications, expected_by_tag, shared_publications
from orchestrator.model.targets import ALL, Matrix, Selection, Target
from orchestrator.render.summary import moves_document, moves_text
from orchestrator.tools import files
from orchestrator.tools.publish import Rules, publish, staged_targets


@click.command(name="publish")
@selects(default_arch=ALL)
@click.option("--build-arg", "build_args", multiple=True, metavar="NAME=VALUE", help="As the builds were given it.")
@click.option("--allow-drop", multiple=True, metavar="PLATFORM", help="A platform that tags may lose: linux/s390x.")
@click.option("--dry-run", is_flag=True, help="Show which tags would move; change nothing.")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", help="How to print.")
def command(
    invocation: Invocation,
    *,
    selected: Selection,
    build_args: tuple[str, ...],
    allow_drop: tuple[str, ...],
    dry_run: bool,
    output_format: str,
) -> ExitCode:
    """Point arch tags, then shared tags, at what is staged.

    A shared tag moves only when every required architecture is staged. With --arch only that architecture's own tags
    move, which is what a job for one architecture wants.

    \b
    Example: orchestrator publish --version 3.14 --dry-run
    """
    project = Project.read(invocation, build_args=build_args)
    moved = run(_publish(invocation, project, selected, Rules(platforms(allow_drop), dry_run=dry_run)))
    code = worst(each.code for each in moved)
    text = json.dumps(moves_document(moved, code), indent=2) + "\n"
    if not dry_run:
        files.write(invocation.root / OUT, {PurePosixPath("publish.json"): text})
    click.echo(text if output_format == "json" else moves_text(moved), nl=False)
    return code


def platforms(words: Iterable[str]) -> frozenset[str]:
    """The platforms that these words mean, in every spelling: linux/arm64 is linux/arm64/v8."""
    try:
        meant = {Platform.parse(word).normal for word in words}
    except ValueError as error:
        raise InputError(f"--allow-drop: {error}") from error
    bare = (Platform(platform.os, platform.architecture) for platform in meant)
    return frozenset(map(str, (*meant, *(platform for platform in bare if platform.normal in meant))))


async def _publish(invocation: Invocation, project: Project, selected: Selection, rules: Rules) -> tuple[Moved, ...]:
    async with registries(invocation, project) as opened:
        matrix = await opened.matrix()
        chosen = matrix.select(selected)
        if ALL not in selected.arches:
            return await publish_arches(opened, matrix=matrix, chosen=chosen, rules=rules)
        expected = _expected(project, matrix, chosen, arches=ARCHES)
        staged = await staged_targets((await opened.plan(_targets(expected))).certain(), opened.client)
        repositories = await opened.repositories()
        in_arches = arch_publications(expected, staged, repositories=repositories)
        shared = shared_publications(expected, staged, repositories=repositories)
        # All arch tags before any shared one: what the wider names point at is in its own place by then.
        return (
            *await publish(in_arches, opened.client, rules),
            *await publish(shared, opened.client, rules),
        )


async def publish_arches(
    opened: Registries, *, matrix: Matrix, chosen: Collection[Target], rules: Rules
) -> tuple[Moved, ...]:
    """Move the tags of these targets in the repositories of their own arches."""
    expected = _expected(opened.project, matrix, chosen, arches={target.arch for target in chosen})
    # What is unknown must not be taken for absent: a tag would move without it.
    staged = await staged_targets((await opened.plan(_targets(expected))).certain(), opened.client)
    return await publish(
        arch_publications(expected, staged, repositories=await opened.repositories()), opened.client, rules
    )


def _expected(
    project: Project, matrix: Matrix, chosen: Collection[Target], *, arches: Collection[str]
) -> Mapping[str, tuple[Target, ...]]:
    """The tags of the chosen targets with all that stands under them on these arches, chosen or not."""
    wanted = {tag for target in chosen for tag in project.tags[target.facts.line, target.facts.variant].all}
    on_arches = [target for target in matrix.targets if target.arch in arches]
    return {tag: targets for tag, targets in expected_by_tag(on_arches, project.tags).items() if tag in wanted}


def _targets(expected: Mapping[str, tuple[Target, ...]]) -> tuple[Target, ...]:
    return tuple(dict.fromkeys(target for targets in expected.values() for target in targets))
