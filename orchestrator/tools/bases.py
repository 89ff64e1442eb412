"""Looks up base images, at their mirrors and in their registries."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from orchestrator.errors import ContractBrokenError, InputError, OrchestratorError, UnavailableError, joined
from orchestrator.model.bases import (
    BUILDERS,
    SCRATCH,
    Base,
    Mirrors,
    ResolvedBase,
    manifest_of_config,
    manifests_of_index,
    places,
)
from orchestrator.model.debian.bases import import_command
from orchestrator.model.oci import Document
from orchestrator.model.references import Reference, Repository

CONFIG_MAX_BYTES = 4 * 1024 * 1024


class Registry(Protocol):
    """What is asked of a registry; raises an OrchestratorError where the answer is unknown."""

    async def document(self, reference: Reference) -> Document | None:
        """The verified index or manifest, or None where there is certainly none."""

    async def blob(self, repository: Repository, digest: str, *, max_bytes: int) -> bytes:
        """A verified blob."""


async def look_up(
    wanted: Mapping[Reference, Sequence[str]], *, registry: Registry, mirrors: Mirrors
) -> dict[Reference, Base | OrchestratorError]:
    """Find each base once, at the first place that has it; what went wrong with one is its value.

    The arches by base must all be there (none: any will do). A place that cannot answer ends the search: what a mirror
    holds may differ from what its registry holds, so it is never skipped silently.
    """

    async def found(name: Reference) -> Base | OrchestratorError:
        try:
            base = await _find(name, wanted[name], registry=registry, mirrors=mirrors)
        except OrchestratorError as error:
            return error
        missing = [arch_name for arch_name in wanted[name] if base.resolved(arch_name) is None]
        return InputError(base.problem(missing) + _stand_in(name, missing)) if missing else base

    names = [name for name in wanted if name != SCRATCH]
    return dict(zip(names, await asyncio.gather(*map(found, names)), strict=True))


async def find(names: Iterable[Reference], *, registry: Registry, mirrors: Mirrors) -> dict[Reference, Base]:
    """Find bases with whatever platforms they have; raises one error with the problems of them all."""
    return _all_found(await look_up(dict.fromkeys(names, ()), registry=registry, mirrors=mirrors))


Resolved = Mapping[tuple[Reference, str], ResolvedBase | OrchestratorError]
"""Bases by their name and the arch; an error for what could not be looked up now."""


async def resolve(wanted: Iterable[tuple[Reference, str]], *, registry: Registry, mirrors: Mirrors) -> Resolved:
    """Tie each base to the manifest of each arch, or for BUILDERS to its index; of `scratch` there is nothing to tie.

    A base that could not be looked up is an error's value. Raises one error with the problems of all bases: InputError
    where an image or a platform does not exist, and what kept us from looking any of them up.
    """
    arches: dict[Reference, list[str]] = {}
    for name, arch_name in dict.fromkeys(wanted):
        arches.setdefault(name, []).append(arch_name)
    found = await look_up(arches, registry=registry, mirrors=mirrors)
    errors = [outcome for outcome in found.values() if isinstance(outcome, OrchestratorError)]
    if any(isinstance(error, InputError) for error in errors) or (errors and len(errors) == len(found)):
        raise joined(errors)
    return {
        (name, arch_name): resolved
        for name, base in found.items()
        for arch_name in arches[name]
        if (resolved := base if isinstance(base, OrchestratorError) else base.resolved(arch_name))
    }


def _all_found(outcomes: Mapping[Reference, Base | OrchestratorError]) -> dict[Reference, Base]:
    if errors := [outcome for outcome in outcomes.values() if isinstance(outcome, OrchestratorError)]:
        raise joined(errors)
    return {name: outcome for name, outcome in outcomes.items() if isinstance(outcome, Base)}


async def _find(name: Reference, arches: Sequence[str], *, registry: Registry, mirrors: Mirrors) -> Base:
    absent: list[Reference] = []
    for place in places(name, mirrors):
        try:
            document = await registry.document(place)
        except OrchestratorError as error:
            tried = "; ".join((*_absences(absent), *error.problems))
            remedy = _remedy(name, place, error) + _stand_in(name, arches)
            raise type(error)(f"base {name.short} cannot be resolved ({tried}){remedy}") from error
        if document is not None:
            return await _base(name, place, document, registry=registry)
        absent.append(place)
    raise InputError(
        f"base {name.short} does not exist ({'; '.join(_absences(absent))}); {_correction(name)}"
        f"{_stand_in(name, arches)}"
    )


async def _base(name: Reference, place: Reference, document: Document, *, registry: Registry) -> Base:
    if document.is_index:
        return Base(name, place, manifests_of_index(document), document.digest)
    if document.config is None:
        raise ContractBrokenError(f"base {name.short} at {place} is neither an index nor the manifest of an image")
    config = await registry.blob(place.repository, document.config.digest, max_bytes=CONFIG_MAX_BYTES)
    try:
        manifest = manifest_of_config(config, digest=document.digest)
    except ValueError as error:
        raise ContractBrokenError(f"base {name.short} at {place} has a malformed configuration: {error}") from error
    return Base(name, place, (manifest,))


def _correction(name: Reference) -> str:
    if name.digest:
        return "correct its digest, or take a newer one: registries may delete what no tag names any more"
    return "correct its name in orchestrator.yaml or the template"


def _absences(places: Iterable[Reference]) -> list[str]:
    return [f"{place}: absent" for place in places]


def _remedy(name: Reference, place: Reference, error: OrchestratorError) -> str:
    if not isinstance(error, UnavailableError):
        return ""
    if place.registry != name.registry:
        return f"; make {place.registry} reachable, or take it out of `mirrors` in orchestrator.yaml"
    return (
        f"; make {name.registry} reachable, or name a mirror of it: `mirrors` in orchestrator.yaml, "
        f"or `--mirror {name.registry}=URL`"
    )


def _stand_in(name: Reference, arches: Sequence[str]) -> str:
    """How to make a stand-in of a base on this machine, where that is possible."""
    command = import_command(name, [arch_name for arch_name in arches if arch_name != BUILDERS])
    return f"; or make a stand-in: `{command}`, which `--mirror {name.registry}=local` uses" if command else ""
