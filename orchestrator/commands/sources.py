"""The verb `sources`: the downloads that builds need, and the cache that holds them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from orchestrator.commands import completion
from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.errors import ExitCode, NothingSelectedError
from orchestrator.model.config import Config
from orchestrator.model.facts import Facts, Source, facts
from orchestrator.render.summary import aligned
from orchestrator.tools import inputs, sources
from orchestrator.tools.downloads import downloads
from orchestrator.tools.registry.network import Network

_SHOWN_DIGITS = 12

_versions = click.option(
    *("--version", "versions"),
    multiple=True,
    metavar="LINE",
    help="Only this line. Repeats.",
    shell_complete=completion.lines,
)
_variants = click.option(
    *("--variant", "variants"),
    multiple=True,
    metavar="VARIANT",
    help="Only this variant or group. Repeats.",
    shell_complete=completion.variants,
)
_dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done.")


@click.group()
def command() -> None:
    """Fetch, add and list the downloads that builds need; they are kept for all builds of this machine.

    \b
    Example: orchestrator sources fetch --version 3.14
    """


@command.command()
@_versions
@_variants
@_dry_run
@text_or_json
@click.pass_obj
def fetch(
    invocation: Invocation, *, versions: tuple[str, ...], variants: tuple[str, ...], dry_run: bool, output_format: str
) -> ExitCode:
    """Fetch the downloads that builds need and the cache lacks.

    Each is checked against its checksum. Prints where they are.

    \b
    Example: orchestrator sources fetch --variant alpine
    """
    every, config = _facts(invocation)
    wanted = dict.fromkeys(source for each in _selected(every, versions, variants) for source in each.sources)
    cache = invocation.source_cache
    cached = {source: sources.cached(source, cache) for source in wanted}
    paths = cached if dry_run else run(_fetched(wanted, config, invocation))
    if output_format == "json":
        _print_json({**_source(source), "path": str(path) if path else None} for source, path in paths.items())
    elif dry_run:
        for source in (source for source, path in cached.items() if path is None):
            click.echo(f"would fetch {source.file} from {source.url}")
    else:
        click.echo(aligned([(source.file, str(path)) for source, path in paths.items()]), nl=False)
    return ExitCode.DONE


@command.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE..."
)
@click.option("--url", default="", help="Which download it is, where several without checksum have its name.")
@click.option("--any", "unknown", is_flag=True, help="Also keep files that no build needs now.")
@_dry_run
@click.pass_obj
def add(invocation: Invocation, *, files: tuple[Path, ...], url: str, unknown: bool, dry_run: bool) -> ExitCode:
    """Put files that you got by other means into the cache. Prints what each of them serves as.

    A file is known by its checksum; the few downloads without one are known by their names.

    \b
    Example: orchestrator sources add ~/Downloads/Python-3.14.0.tar.xz
    """
    every, _ = _facts(invocation)
    known = [source for each in every for source in each.sources]
    served = {file: sources.matching(file, known, url=url, unknown=unknown) for file in files}
    for file, several in served.items():
        if not dry_run:
            sources.add(file, several, cache=invocation.source_cache)
        for source in several:
            click.echo(f"{'would add' if dry_run else 'added'} {file} as {source.file}")
    return ExitCode.DONE


@command.command(name="list")
@_versions
@_variants
@text_or_json
@click.pass_obj
def list_(
    invocation: Invocation, *, versions: tuple[str, ...], variants: tuple[str, ...], output_format: str
) -> ExitCode:
    """List the downloads that builds need.

    Tells whether the cache has them, and which builds need them.

    \b
    Example: orchestrator sources list --format json | jq '.sources[] | select(.cached | not) | .url'
    """
    every, _ = _facts(invocation)
    needed_by: dict[Source, list[str]] = {}
    for each in _selected(every, versions, variants):
        for source in each.sources:
            needed_by.setdefault(source, []).append(each.name)
    cache = invocation.source_cache
    cached = {source: sources.cached(source, cache) is not None for source in needed_by}
    if output_format == "json":
        _print_json(
            {**_source(source), "cached": cached[source], "needed_by": names} for source, names in needed_by.items()
        )
        return ExitCode.DONE
    lines = [
        (
            source.file,
            "cached" if cached[source] else "missing",
            source.sha256[:_SHOWN_DIGITS] or "no checksum",
            " ".join(names),
        )
        for source, names in needed_by.items()
    ]
    click.echo(aligned(lines), nl=False)
    return ExitCode.DONE


def _facts(invocation: Invocation) -> tuple[tuple[Facts, ...], Config]:
    loaded = inputs.load(root=invocation.root, environment=invocation.environment, overrides=invocation.overrides)
    return facts(loaded.catalog, loaded.config), loaded.config


def _selected(every: Iterable[Facts], versions: Sequence[str], variants: Sequence[str]) -> list[Facts]:
    selected = [
        each
        for each in every
        if (not versions or each.line in versions or each.version in versions)
        and (not variants or any(each.variant.matches(variant) for variant in variants))
    ]
    if not selected:
        asked = " ".join([*(f"--version {word}" for word in versions), *(f"--variant {word}" for word in variants)])
        raise NothingSelectedError(f"nothing is selected by {asked}; `orchestrator list` shows versions and variants")
    return selected


async def _fetched(wanted: Iterable[Source], config: Config, invocation: Invocation) -> dict[Source, Path]:
    cache = invocation.source_cache
    async with downloads(network=Network.of(invocation.environment)) as download:
        return await sources.fetch(wanted, cache=cache, download=download, mirrors=config.source_mirrors)


def _print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    click.echo(json.dumps({"sources": list(rows), "exit_code": int(ExitCode.DONE)}, indent=2))


def _source(source: Source) -> dict[str, Any]:
    return {"file": source.file, "url": source.url, "sha256": source.sha256 or None}
