"""Writes README of the image's repositories: of that of all architectures, and of each one's own."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.generated import Difference, difference, print_difference
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.library import committed_library
from orchestrator.commands.project import Project, registries
from orchestrator.errors import ExitCode, InputError
from orchestrator.model.platforms import ARCHES, arch, native_arch
from orchestrator.model.readme import PublishedTags, architectures, existing, idle_patterns
from orchestrator.model.targets import NATIVE
from orchestrator.model.trees import FileTree
from orchestrator.render.readme import GENERATED, SUFFIX, TEMPLATES, Readme, readme
from orchestrator.tools import files, library_files
from orchestrator.tools.logs import log
from orchestrator.tools.published_tags import published_tags

_DEFAULT_TEMPLATES = Path(__file__).parents[1] / TEMPLATES
"""What counts where the image's folder has no template of that name."""

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@dataclass(frozen=True, slots=True)
class _Flags:
    """Which READMEs are wanted, and how they are made."""

    show_all: bool
    verified: bool
    check: bool
    dry_run: bool


@click.command(name="readme")
@click.option("--arch", "arch_name", metavar="ARCH", help="Of an arch's own repository: an arch, or `native`.")
@click.option("--all", "show_all", is_flag=True, help="That of all arches together, and that of each; needs -o.")
@click.option("--library", "library_file", type=_FILE, metavar="FILE", help="Take the tags from FILE, a library file.")
@click.option("--verified", is_flag=True, help="Only tags and architectures that the registry has.")
@click.option("-o", "--output", type=_FOLDER, metavar="DIR", help="Write DIR/README.md, or DIR/ARCH/README.md.")
@click.option("--check", is_flag=True, help="Write nothing; show how DIR differs, and exit 4 if it does.")
@click.option("--dry-run", is_flag=True, help="Write nothing; name the files in DIR that would change.")
@text_or_json
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    *,
    arch_name: str | None,
    library_file: Path | None,
    output: Path | None,
    output_format: str,
    **flags: bool,
) -> ExitCode:
    """Print README of the image: its tags with their Dockerfiles, its architectures, and how to use it.

    Texts are templates; one in templates/readme of the image's folder replaces ours of the same name. Tags are those
    that the library file has, so Dockerfiles must be committed.

    \b
    Example: orchestrator readme --all -o ../readme
    Example: orchestrator readme --arch s390x --verified
    """
    asked = _Flags(**flags)
    wanted = _wanted(arch_name, asked, output, machine=invocation.machine)
    readmes = run(_readmes(invocation, library_file, wanted, asked))
    for each in readmes:
        if each.left_out:
            log.warning("README is shortened", path=str(each.path), left_out=_words(each), bytes=each.size)
    found = _written(readmes, output, asked) if output else Difference()
    code = ExitCode.FILES_DIFFER if asked.check and found else ExitCode.DONE
    if output_format == "json":
        click.echo(_as_json(readmes, found, code))
    elif output:
        print_difference(found, verb="readme")
    else:
        click.echo("".join(each.text for each in readmes), nl=False)
    return code


def _wanted(arch_name: str | None, asked: _Flags, output: Path | None, *, machine: str) -> tuple[str | None, ...]:
    """The arch that is asked for, None for all of them together; nothing where the library says which there are."""
    if asked.show_all and arch_name:
        raise InputError("--all, --arch: give one of them")
    if (asked.show_all or asked.check or asked.dry_run) and output is None:
        option = "--all" if asked.show_all else "--check" if asked.check else "--dry-run"
        raise InputError(f"{option}: needs the folder of READMEs; name it by --output DIR")
    if asked.show_all:
        return ()
    try:
        return (native_arch(machine).name if arch_name == NATIVE else arch(arch_name).name if arch_name else None,)
    except ValueError as error:
        raise InputError(f"--arch: {error}") from error


async def _readmes(
    invocation: Invocation, library_file: Path | None, wanted: Sequence[str | None], asked: _Flags
) -> tuple[Readme, ...]:
    """The READMEs of these arches, of all that there are where none is named; raises InputError."""
    project = Project.without_templates(invocation)
    library = library_files.read(library_file) if library_file else await committed_library(invocation, None)
    patterns = [pattern for step in project.config.readme.drop for pattern in step.tags]
    for pattern in idle_patterns(library, patterns):
        log.warning("no tag is like a pattern of readme.drop", pattern=pattern)
    arches = architectures(library)
    published = await _published(invocation, project, arches) if asked.verified else None
    templates = _templates(invocation.root / TEMPLATES)
    return tuple(
        readme(existing(library, published, arch=each) if published else library, project.config, templates, arch=each)
        for each in wanted or (None, *arches)
    )


async def _published(invocation: Invocation, project: Project, arches: Sequence[str]) -> PublishedTags:
    async with registries(invocation, project) as opened:
        return await published_tags(await opened.repositories(), arches, registry=opened.client)


def _templates(own: Path) -> dict[str, str]:
    """Our templates by their names, those of the image's folder in the place of ours."""
    return {
        **files.read_folder(_DEFAULT_TEMPLATES, suffix=SUFFIX),
        **(files.read_folder(own, suffix=SUFFIX) if own.is_dir() else {}),
    }


def _written(readmes: Iterable[Readme], output: Path, asked: _Flags) -> Difference:
    """Make a folder hold these READMEs, unless it is to be looked at only; raises InputError for a file of others."""
    tree: FileTree = {each.path: each.text for each in readmes}
    ours = files.left_over(output, {}, header=GENERATED, may_be_ours=_may_be_ours)
    gone = [path for path in ours if path not in tree] if asked.show_all else []
    found = difference(output, tree, gone, name=PurePosixPath(output), with_diff=asked.check)
    if asked.check or asked.dry_run:
        return found
    if strangers := [output / path for path in tree if (output / path).exists() and path not in ours]:
        raise InputError(*(f"{path}: is not one of ours; move it away, or name another folder" for path in strangers))
    files.write(output, tree)
    files.delete(output, gone)
    return found


def _may_be_ours(path: PurePosixPath) -> bool:
    return path.name == "README.md" and path.parent.name in ("", *ARCHES) and len(path.parts) <= 2


def _words(each: Readme) -> str:
    return ", ".join(word for step in each.left_out for word in (step.tags or (step.section or "",)))


def _as_json(readmes: Iterable[Readme], found: Difference, code: ExitCode) -> str:
    document = {
        "schema": 1,
        "exit_code": int(code),
        "readmes": [
            {
                "path": str(each.path),
                "arch": each.arch,
                "image": each.image,
                "description": each.description,
                "bytes": each.size,
                "left_out": [step.model_dump(exclude_defaults=True) for step in each.left_out],
                "text": each.text,
            }
            for each in readmes
        ],
        **asdict(found),
    }
    return json.dumps(document, indent=2)
