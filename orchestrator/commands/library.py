"""Writes the library file of an image, compares one with it, and reads any."""

import json
from pathlib import Path, PurePosixPath

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import Project, matrix
from orchestrator.errors import ExitCode, InputError
from orchestrator.model.library import Library
from orchestrator.model.library.of_image import WINDOWS_ARCH, image_library, is_on_windows
from orchestrator.model.targets import Matrix
from orchestrator.render.dockerfile import path_of
from orchestrator.render.library import canonical, library_diff, library_document, library_file
from orchestrator.tools import commits, files, inputs, library_files

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(name="library")
@click.option(
    "--parents",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Take the arches of base images from the library files in DIR; else registries are asked.",
)
@click.option("--check", "checked", type=_FILE, metavar="FILE", help="Compare with FILE: show what differs, exit 4.")
@click.option("--parse", "parsed", type=_FILE, metavar="FILE", help="Read FILE, any library file, and print that.")
@click.option("-o", "--output", type=_FILE, metavar="FILE", help="Write to FILE instead of printing.")
@text_or_json
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    parents: Path | None,
    checked: Path | None,
    parsed: Path | None,
    output: Path | None,
    output_format: str,
) -> ExitCode:
    """Print the library file of the image: its tags, architectures, and the commits that they are built from.

    Dockerfiles must be committed. Only variants whose architectures orchestrator.yaml leaves open need their bases.

    \b
    Example: orchestrator library --check ../official-images/library/python
    """
    if len([option for option in (checked, parsed, output) if option]) > 1:
        raise InputError("--check, --parse, --output: each is about a file of its own; give one of them")
    library = library_files.read(parsed) if parsed else run(committed_library(invocation, parents))
    if checked:
        return _compared(library_files.read(checked), library, name=checked.name, output_format=output_format)
    text = canonical(library) if parsed else library_file(library)
    if output:
        files.write(output.parent, {PurePosixPath(output.name): text})
    if output_format == "json":
        click.echo(json.dumps(library_document(library), indent=2))
    elif not output:
        click.echo(text, nl=False)
    return ExitCode.DONE


async def committed_library(invocation: Invocation, parents: Path | None) -> Library:
    """The library of the image as it is committed; `parents` has library files of bases, else registries are asked.

    Templates need not be there, since Dockerfiles count as they are committed. Raises InputError for one that is not.
    """
    project = Project.without_templates(invocation)
    config = project.config
    if missing := [key for key in ("git_url", "maintainers") if not getattr(config, key)]:
        raise InputError(*(f"{inputs.CONFIG_FILE}: {key} is missing; a library file needs it" for key in missing))
    targets = (await _matrix(invocation, project, parents)).targets
    dockerfiles = {target.facts.name: PurePosixPath(config.dockerfiles) / path_of(target.facts) for target in targets}
    committed = await commits.committed(
        invocation.root, dockerfiles, folder=config.dockerfiles, runner=invocation.runner
    )
    return image_library(targets, project.tags, committed, config=config)


async def _matrix(invocation: Invocation, project: Project, parents: Path | None) -> Matrix:
    """All targets; the bases that decide on architectures are looked up in `parents`, or in registries."""
    if parents is None:
        return await matrix(invocation, project)
    windows = {each.base: (WINDOWS_ARCH,) for each in project.facts if is_on_windows(each)}
    open_bases = [base for base in project.open_bases if base not in windows]
    return project.matrix({**windows, **library_files.base_arches(open_bases, parents)})


def _compared(old: Library, new: Library, *, name: str, output_format: str) -> ExitCode:
    """Print how a library file differs from what it should say; comments and layout do not count."""
    differs = (old.defaults.maintainers, old.entries) != (new.defaults.maintainers, new.entries)
    diff = library_diff(old, new, name=name) if differs else ""
    code = ExitCode.FILES_DIFFER if differs else ExitCode.DONE
    if output_format == "json":
        click.echo(json.dumps({"schema": 1, "exit_code": int(code), "differs": differs, "diff": diff}, indent=2))
    elif differs:
        click.echo(diff, nl=False)
        click.echo(f"{name} is stale; `orchestrator library -o FILE` writes it anew", err=True)
    return code
