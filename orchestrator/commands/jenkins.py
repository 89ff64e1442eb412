"""Writes the Jenkins jobs of an image and the pipelines that they run."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.generated import difference, print_difference
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import Project, matrix
from orchestrator.errors import ExitCode
from orchestrator.model.jenkins import jobs
from orchestrator.model.trees import FileTree
from orchestrator.render.jenkins import FOLDER, HEADERS, SUFFIX, TEMPLATES, is_path_of_ours, jenkins_tree
from orchestrator.tools import files

_DEFAULT_TEMPLATES = Path(__file__).parents[1] / TEMPLATES
"""What counts where the image's folder has no template of that name."""


@click.command(name="jenkins")
@click.option("--check", is_flag=True, help="Write nothing; name stale files, show the diff, exit 4 if there are any.")
@click.option("--dry-run", is_flag=True, help="Write nothing; name the files that would change.")
@text_or_json
@click.pass_obj
def command(invocation: Invocation, *, check: bool, dry_run: bool, output_format: str) -> ExitCode:
    """Write jenkins/: jobs for Jenkins Job Builder, their pipelines and settings, from `jenkins` in orchestrator.yaml.

    Each architecture that the image is built for has a folder of jobs. Pipelines are templates; one in
    templates/jenkins of the image's folder replaces ours of the same name.

    \b
    Example: orchestrator jenkins --check
    """
    root, tree = invocation.root / FOLDER, _tree(invocation)
    left_over = [
        path for header in HEADERS for path in files.left_over(root, tree, header=header, may_be_ours=is_path_of_ours)
    ]
    found = difference(root, tree, left_over, name=FOLDER, with_diff=check)
    if not (check or dry_run):
        files.write(root, tree)
        files.delete(root, left_over)
    code = ExitCode.FILES_DIFFER if check and found else ExitCode.DONE
    if output_format == "json":
        click.echo(json.dumps({"schema": 1, "exit_code": int(code), **asdict(found)}, indent=2))
    else:
        print_difference(found, verb="jenkins")
    return code


def _tree(invocation: Invocation) -> FileTree:
    """What should stand below `jenkins/`; asks registries only for the arches of bases that are open."""
    project = Project.without_templates(invocation)
    arches = {target.arch for target in run(matrix(invocation, project)).targets}
    own = invocation.root / TEMPLATES
    templates = {
        **files.read_folder(_DEFAULT_TEMPLATES, suffix=SUFFIX),
        **(files.read_folder(own, suffix=SUFFIX) if own.is_dir() else {}),
    }
    return jenkins_tree(jobs(project.config, arches), templates)
