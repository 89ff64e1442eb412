"""Verifies that stored images are whole, and are what they say."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.commands.project import client, configured_mirrors
from orchestrator.errors import ExitCode, InputError, OrchestratorError, joined, worst
from orchestrator.model.bases import Mirrors, places
from orchestrator.model.oci import Document
from orchestrator.model.references import Reference, Repository
from orchestrator.model.verification import Verification
from orchestrator.render.verification import verification_document, verification_text
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.oci_layout import OciLayout
from orchestrator.tools.verify import InRegistry, verify

_LAYOUT = "oci:"


@click.command(name="verify")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("--deep", is_flag=True, help="Read the layers, too: digests, packed and unpacked, and programs.")
@text_or_json
@click.pass_obj
def command(invocation: Invocation, /, *, images: tuple[str, ...], deep: bool, output_format: str) -> ExitCode:
    """Verify that each IMAGE has all that it needs, and that all of it is what it says.

    Whatever IMAGE names, directly or not, is read where it is stored and hashed; platforms are compared with the
    configurations, attestations with the images that they speak of. An IMAGE is a tag or digest in a registry, looked
    for where the mirrors in orchestrator.yaml or --mirror say, or the folder of an OCI layout as oci:DIR. Nothing is
    written. Exit code 22 when something is missing, damaged or wrong; 13 when that could not be found out.

    \b
    Example: orchestrator verify --deep ghcr.io/example/python:3.14
    """
    verifications = run(_verified(invocation, images, deep=deep))
    if output_format == "json":
        click.echo(json.dumps(verification_document(verifications), indent=2))
    else:
        click.echo(verification_text(verifications), nl=False)
    return worst(each.code for each in verifications)


async def _verified(invocation: Invocation, images: Sequence[str], *, deep: bool) -> list[Verification]:
    folders = [invocation.root / text.removeprefix(_LAYOUT) for text in images if text.startswith(_LAYOUT)]
    references = _references(text for text in images if not text.startswith(_LAYOUT))
    if not references:
        return await asyncio.gather(*(_layout(folder, deep=deep) for folder in folders))
    # What was kept from earlier runs must not stand in for what is stored now.
    async with client(invocation, configured_mirrors(invocation), has_memory=False) as (registry, mirrored):
        found = await _found(references, registry, mirrored)
        stored = [verify(InRegistry(registry, where), tops, deep=deep) for where, tops in found.items()]
        return await asyncio.gather(*stored, *(_layout(folder, deep=deep) for folder in folders))


def _references(texts: Iterable[str]) -> list[Reference]:
    try:
        return [Reference.parse(text) for text in dict.fromkeys(texts)]
    except ValueError as error:
        raise InputError(f"IMAGE: {error}") from error


async def _found(
    references: Sequence[Reference], registry: Registry, mirrored: Mirrors
) -> dict[Repository, dict[str, Document]]:
    """What the references name, by repository and by tag or digest; raises one error for all that name nothing."""
    several = await asyncio.gather(*(_stored(reference, registry, mirrored) for reference in references))
    if errors := [each for each in several if isinstance(each, OrchestratorError)]:
        raise joined(errors)
    found: defaultdict[Repository, dict[str, Document]] = defaultdict(dict)
    for each in several:
        if isinstance(each, tuple):
            place, document = each
            found[place.repository][place.digest or place.tag] = document
    return dict(sorted(found.items()))


async def _stored(
    reference: Reference, registry: Registry, mirrored: Mirrors
) -> tuple[Reference, Document] | OrchestratorError:
    """The first place that has it, with what it has there."""
    try:
        for place in places(reference, mirrored):
            if (document := await registry.document(place)) is not None:
                return place, document
    except OrchestratorError as error:
        return error
    return InputError(f"{reference}: there is no such image")


async def _layout(folder: Path, *, deep: bool) -> Verification:
    layout = OciLayout(folder)
    return await verify(layout, {"index.json": await layout.index()}, deep=deep)
