"""The verb `bases`: where base images come from, and stand-ins for Debian's made on this machine."""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import Project, registries
from orchestrator.errors import ExitCode, InputError, OrchestratorError, worst
from orchestrator.model.bases import Base
from orchestrator.model.debian.bases import Recipe
from orchestrator.model.platforms import ARCHES, arch, native_arch
from orchestrator.model.references import Reference
from orchestrator.model.targets import ALL, NATIVE
from orchestrator.render.summary import aligned
from orchestrator.tools import bases
from orchestrator.tools.debian import bases as debian_bases
from orchestrator.tools.debian.apt import Apt
from orchestrator.tools.debian.archive import DebianArchive
from orchestrator.tools.debian.bases import Imported, Workshop
from orchestrator.tools.debian.roots import PROGRAM, Tools
from orchestrator.tools.engine import emulation
from orchestrator.tools.local_registry import lifecycle
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.credentials import DockerCredentials

_COLUMNS = ("name", "arch", "digest", "pulled_from")
"""What `bases list` shows to people; JSON has more."""


@click.group()
def command() -> None:
    """Say where base images come from, and make stand-ins for Debian's where Docker Hub cannot be reached.

    \b
    Example: orchestrator bases list
    """


@command.command(name="list")
@text_or_json
@click.pass_obj
def list_(invocation: Invocation, *, output_format: str) -> ExitCode:
    """List base images with their digests.

    Each on each arch that needs it, and where it is pulled from.

    \b
    Example: orchestrator --mirror docker.io=local bases list
    """
    outcomes, arches = run(_looked_up(invocation))
    found = {name: base for name, base in outcomes.items() if isinstance(base, Base)}
    errors = [error for error in outcomes.values() if isinstance(error, OrchestratorError)]
    rows = [_row(base, arch_name) for name, base in sorted(found.items()) for arch_name in arches[name]]
    code = worst(error.exit_code for error in errors)
    problems = [problem for error in errors for problem in error.problems]
    if output_format == "json":
        click.echo(json.dumps({"bases": rows, "problems": problems, "exit_code": int(code)}, indent=2))
    else:
        click.echo(aligned([[str(row[column]) for column in _COLUMNS] for row in rows]), nl=False)
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    return code


@command.command(name="import")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--arch", "arches", multiple=True, default=(NATIVE,), metavar="ARCH", help="An arch, `native` or `all`. Repeats."
)
@click.option("--updates/--no-updates", default=True, show_default=True, help="Include Debian's updates of the suite.")
@click.option("--dry-run", is_flag=True, help="Say what would be made.")
@text_or_json
@click.pass_obj
def import_(
    invocation: Invocation,
    *,
    names: tuple[str, ...],
    arches: tuple[str, ...],
    updates: bool,
    dry_run: bool,
    output_format: str,
) -> ExitCode:
    """Make base images from Debian's own archive.

    NAME is debian:SUITE, debian:SUITE-slim, buildpack-deps:SUITE or busybox:SUITE (a tiny base that every machine can
    make for every arch in a second). They go into the local registry; builds use them with `--mirror docker.io=local`.
    They are not the official images, and say so.

    \b
    Example: orchestrator bases import busybox:trixie --arch all
    Example: orchestrator bases import debian:trixie-slim
    """
    recipes = _recipes(names)
    wanted = _arches(arches, native=native_arch(invocation.machine).name)
    if dry_run:
        _say_what_would_be_made(recipes, wanted, as_json=output_format == "json")
        return ExitCode.DONE
    imported = run(_import(invocation, recipes, wanted, updates=updates))
    if output_format == "json":
        _print_json({"imported": [_entry(each) for each in imported]})
    else:
        click.echo(aligned([_line(each) for each in imported]), nl=False)
    return ExitCode.DONE


def _say_what_would_be_made(recipes: Iterable[Recipe], wanted: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        _print_json({"would_make": [{"name": str(recipe), "arches": list(wanted)} for recipe in recipes]})
        return
    for recipe in recipes:
        click.echo(f"would make {recipe} for {', '.join(wanted)} in the local registry as {recipe.path}:{recipe.tag}")


def _print_json(document: Mapping[str, Any]) -> None:
    click.echo(json.dumps({**document, "exit_code": int(ExitCode.DONE)}, indent=2))


async def _looked_up(
    invocation: Invocation,
) -> tuple[dict[Reference, Base | OrchestratorError], Mapping[Reference, Sequence[str]]]:
    """What became of each base, and the arches that need it."""
    project = Project.read(invocation)
    async with registries(invocation, project) as opened:
        matrix = await opened.matrix()
        recipes = project.recipes(invocation, dict.fromkeys(target.facts for target in matrix.targets))
        arches: dict[Reference, list[str]] = {}
        for name, arch_name in sorted(
            {
                (image, target.arch)
                for target in matrix.targets
                for image in recipes[target.facts.name].images
                if not project.names.published(image, to=target.facts)
            },
            key=lambda pair: (pair[0], list(ARCHES).index(pair[1])),
        ):
            arches.setdefault(name, []).append(arch_name)
        return await bases.look_up(arches, registry=opened.client, mirrors=opened.mirrors), arches


def _row(base: Base, arch_name: str) -> dict[str, Any]:
    resolved = base.resolved(arch_name)
    return {
        "name": base.name.short,
        "arch": arch_name,
        "platform": str(ARCHES[arch_name].platform),
        "digest": resolved.digest if resolved else None,
        "pulled_from": str(resolved.pinned.repository) if resolved else None,
        "os_version": (resolved.os_version or None) if resolved else None,
    }


def _recipes(names: Iterable[str]) -> list[Recipe]:
    problems: list[str] = []
    recipes: list[Recipe] = []
    for name in dict.fromkeys(names):
        try:
            recipes.append(Recipe.parse(name))
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise InputError(*problems)
    return recipes


def _arches(words: Sequence[str], *, native: str) -> tuple[str, ...]:
    if ALL in words:
        return (ALL,)
    try:
        named = {arch(native if word == NATIVE else word).name for word in words}
    except ValueError as error:
        raise InputError(f"--arch: {error}") from error
    return tuple(name for name in ARCHES if name in named)


def _line(imported: Imported) -> tuple[str, str, str, str]:
    state = "imported" if imported.changed else "unchanged"
    return state, str(imported.recipe), str(ARCHES[imported.arch].platform), str(imported.reference)


def _entry(imported: Imported) -> dict[str, Any]:
    return {
        "name": str(imported.recipe),
        "arch": imported.arch,
        "platform": str(ARCHES[imported.arch].platform),
        "reference": str(imported.reference),
        "changed": imported.changed,
    }


async def _import(
    invocation: Invocation, recipes: Sequence[Recipe], arches: Sequence[str], *, updates: bool
) -> list[Imported]:
    apt = Apt(invocation.state, invocation.runner)
    able: frozenset[str] = frozenset()
    if any(recipe.runs_programs for recipe in recipes):
        able = await _able(invocation, apt)
    address = await lifecycle.ensure(
        state=invocation.state, runner=invocation.runner, environment=invocation.environment
    )
    async with Registry(credentials=DockerCredentials(invocation.environment)) as client:
        workshop = Workshop(
            tools=Tools(DebianArchive(apt, updates), invocation.runner, as_root=not apt.user_id),
            registry=client,
            address=address,
            state=invocation.state,
            native=native_arch(invocation.machine).name,
            able=able,
        )
        return [each for recipe in recipes for each in await debian_bases.import_base(recipe, arches, workshop)]


async def _able(invocation: Invocation, apt: Apt) -> frozenset[str]:
    """Have the program that makes whole systems; the arches that it can make them for here."""
    if shutil.which(PROGRAM, path=invocation.environment.get("PATH")) is None:
        await apt.install_tools([PROGRAM])
    names = [name for name, known in ARCHES.items() if known.debian]
    return await emulation.runnable(names, runner=invocation.runner, state=invocation.state, as_root=not apt.user_id)
