"""The verb `update`: new upstream releases into versions.json."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.generated import difference
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.render import dockerfiles, left_over_dockerfiles
from orchestrator.errors import ExitCode, InputError, NothingSelectedError, worst
from orchestrator.model import catalog as catalogs
from orchestrator.model.catalog import Catalog
from orchestrator.model.config import Config
from orchestrator.model.facts import facts
from orchestrator.model.problems import nearest, shown
from orchestrator.model.update.outcome import LineUpdate, commit_message, document
from orchestrator.model.update.text import lines_in, rewritten
from orchestrator.render.update import update_table
from orchestrator.tools import files, inputs
from orchestrator.tools.inputs import CATALOG_FILE, Inputs
from orchestrator.tools.registry.network import Network
from orchestrator.tools.update import Asked, line_update
from orchestrator.tools.upstream import upstream


@click.command(name="update")
@click.argument("lines", nargs=-1, metavar="[VERSION]...")
@click.option("--check", is_flag=True, help="Write nothing, and exit 4 if there is something new.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would change.")
@click.option(
    "--accept-changed-checksum", is_flag=True, help="Take over a checksum that changed without its release's version."
)
@click.option(
    "--patch",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write FILE: all that changes in versions.json and the Dockerfiles, under a commit message.",
)
@text_or_json
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    lines: tuple[str, ...],
    check: bool,
    dry_run: bool,
    accept_changed_checksum: bool,
    patch: Path | None,
    output_format: str,
) -> ExitCode:
    """Bring versions.json to the newest releases of upstream: of all its lines, or of those that are named.

    `upstream` in orchestrator.yaml says where releases are listed. A line that cannot be looked up stays as it is and
    is told of, the others go on. `orchestrator render` then writes the Dockerfiles.

    \b
    Example: orchestrator update 3.14
    """
    loaded = inputs.load(root=invocation.root, environment=invocation.environment, overrides=invocation.overrides)
    if not loaded.config.upstream.listings:
        raise InputError("orchestrator.yaml: upstream/listings: there are none; name the pages that list releases")
    text = files.read(invocation.root / CATALOG_FILE)
    wanted = _wanted(loaded.catalog, lines)
    updates = run(_updates(invocation, loaded, lines_in(text), wanted, accept=accept_changed_checksum))
    new = rewritten(text, {update.line: update.new for update in updates if update.is_changed})
    # What strangers wrote must be as good as what we read before it replaces anything.
    catalog = catalogs.read(new, name=CATALOG_FILE)
    if patch is not None:
        _write(patch, commit_message(updates) + _diff(invocation.root, loaded.config, catalog, text=new))
    if not (check or dry_run):
        _write(invocation.root / CATALOG_FILE, new)
    differs = ExitCode.FILES_DIFFER if check and new != text else ExitCode.DONE
    code = worst((differs, *(update.code for update in updates)))
    _print(updates, code, output_format)
    return code


def _wanted(catalog: Catalog, names: Sequence[str]) -> list[str]:
    """The lines to look up, the newest first; raises NothingSelectedError for one that there is not."""
    known = [name for name, _ in catalog.lines]
    if unknown := [name for name in names if name not in known]:
        raise NothingSelectedError(
            *(f"{CATALOG_FILE} has no line {shown(name)}; {nearest(name, known)}" for name in unknown)
        )
    return [name for name in known if not names or name in names]


async def _updates(
    invocation: Invocation, loaded: Inputs, old: Mapping[str, Mapping[str, Any]], wanted: Iterable[str], *, accept: bool
) -> list[LineUpdate]:
    async with upstream(network=Network.of(invocation.environment)) as asked:
        lines = (
            Asked(name, loaded.catalog[name], old[name], loaded.config, asked, accept_changed_checksum=accept)
            for name in wanted
        )
        return await asyncio.gather(*map(line_update, lines))


def _diff(root: Path, config: Config, catalog: Catalog, *, text: str) -> str:
    """What changes in versions.json and, by that, in the Dockerfiles, for `git apply`."""
    folder = PurePosixPath(config.dockerfiles)
    tree = dockerfiles(facts(catalog, config), root)
    left_over = left_over_dockerfiles(root / folder, tree)
    changes = (
        difference(root, {PurePosixPath(CATALOG_FILE): text}, (), name=PurePosixPath(), with_diff=True),
        difference(root / folder, tree, left_over, name=folder, with_diff=True),
    )
    diff = "".join(change.diff for change in changes)
    return f"---\n{diff}" if diff else ""


def _write(path: Path, text: str) -> None:
    files.write(path.parent, {PurePosixPath(path.name): text})


def _print(updates: Sequence[LineUpdate], code: ExitCode, output_format: str) -> None:
    for update in updates:
        for note in (*update.notes, *update.problems):
            click.echo(note, err=True)
    if output_format == "json":
        click.echo(json.dumps(document(updates, code), indent=2))
    else:
        click.echo(update_table(updates), nl=False)
