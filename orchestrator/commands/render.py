"""Writes the Dockerfiles from versions.json, orchestrator.yaml and the templates."""

import json
from dataclasses import asdict
from pathlib import Path, PurePosixPath

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.generated import difference, print_difference
from orchestrator.commands.invocation import Invocation
from orchestrator.errors import ExitCode
from orchestrator.model.facts import Facts, facts
from orchestrator.model.trees import FileTree
from orchestrator.render import dockerfile
from orchestrator.tools import files, inputs


@click.command(name="render")
@click.option(
    "--check", is_flag=True, help="Write nothing; name stale files, show the diff, and exit 4 if there are any."
)
@click.option("--dry-run", is_flag=True, help="Write nothing; name the files that would change.")
@text_or_json
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
    left_over = left_over_dockerfiles(root, tree)
    found = difference(root, tree, left_over, name=folder, with_diff=check)
    if not (check or dry_run):
        files.write(root, tree)
        files.delete(root, left_over)
    code = ExitCode.FILES_DIFFER if check and found else ExitCode.DONE
    if output_format == "json":
        click.echo(json.dumps({**asdict(found), "exit_code": int(code)}, indent=2))
    else:
        print_difference(found, verb="render")
    return code


def dockerfiles(all_facts: tuple[Facts, ...], root: Path) -> FileTree:
    """The Dockerfiles of an image whose folder is `root`, by their paths below the folder of Dockerfiles."""
    return dockerfile.render(all_facts, files.read_folder(root / dockerfile.TEMPLATES, suffix=dockerfile.SUFFIX))


def left_over_dockerfiles(root: Path, tree: FileTree) -> list[PurePosixPath]:
    """The Dockerfiles that we wrote below their folder `root` and that are not in the tree any more."""
    return files.left_over(root, tree, header=dockerfile.GENERATED, may_be_ours=dockerfile.is_path_of_a_target)
