"""Writes the Dockerfiles from versions.json, orchestrator.yaml and the templates."""

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import click

from orchestrator.commands.invocation import Invocation
from orchestrator.errors import ExitCode
from orchestrator.model.facts import Facts, facts
from orchestrator.model.trees import FileTree
from orchestrator.render import dockerfile
from orchestrator.tools import files, inputs


@dataclass(frozen=True, slots=True)
class _Difference:
    """How the folder of Dockerfiles differs from what it should hold."""

    changed: tuple[str, ...]
    left_over: tuple[str, ...]
    diff: str
    """Empty unless it was asked for."""

    def __bool__(self) -> bool:
        return bool(self.changed or self.left_over)


@click.command(name="render")
@click.option(
    "--check", is_flag=True, help="Write nothing; name stale files, show the diff, and exit 4 if there are any."
)
@click.option("--dry-run", is_flag=True, help="Write nothing; name the files that would change.")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@click.pass_obj
def command(invocation: Invocation, *, check: bool, dry_run: bool, output_format: str) -> ExitCode:
    """Write the Dockerfiles from versions.json and the templates, and delete those of lines and variants that are gone.

    \b
    Example: orchestrator render --check
    """
    loaded = inputs.load(root=invocation.root, environment=invocation.environment, overrides=invocation.overrides)
    folder = PurePosixPath(loaded.config.dockerfiles)
    tree = dockerfiles(facts(loaded.catalog, loaded.config), invocation.root)
    root = invocation.root / folder
    changed = files.stale(root, tree)
    left_over = files.left_over(root, tree, header=dockerfile.GENERATED, may_be_ours=dockerfile.is_path_of_a_target)
    difference = _Difference(
        tuple(str(folder / path) for path in changed),
        tuple(str(folder / path) for path in left_over),
        files.diff(root, tree, [*changed, *left_over], name=folder) if check else "",
    )
    if not (check or dry_run):
        files.write(root, tree)
        files.delete(root, left_over)
    code = ExitCode.FILES_DIFFER if check and difference else ExitCode.DONE
    if output_format == "json":
        click.echo(_as_json(difference, code))
    else:
        _print(difference)
    return code


def dockerfiles(all_facts: tuple[Facts, ...], root: Path) -> FileTree:
    """The Dockerfiles of an image whose folder is `root`, by their paths below the folder of Dockerfiles."""
    return dockerfile.render(all_facts, files.read_folder(root / dockerfile.TEMPLATES, suffix=dockerfile.SUFFIX))


def _as_json(difference: _Difference, code: ExitCode) -> str:
    document = {
        "changed": difference.changed,
        "left_over": difference.left_over,
        "diff": difference.diff,
        "exit_code": int(code),
    }
    return json.dumps(document, indent=2)


def _print(difference: _Difference) -> None:
    for path in difference.changed:
        click.echo(path)
    for path in difference.left_over:
        click.echo(f"{path} (left over)")
    if difference.diff:
        click.echo(difference.diff, nl=False)
        click.echo("these files are stale; `orchestrator render` writes them anew", err=True)
