"""Puts base images made from Debian's archive into a registry."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.errors import InputError, LocalOutputError, OrchestratorError, ProgramMissingError, joined
from orchestrator.model.debian.bases import Image, Layer, Recipe, image, index, is_stand_in
from orchestrator.model.debian.release import Release
from orchestrator.model.oci import Document, digest_of
from orchestrator.model.references import Reference, Repository
from orchestrator.model.targets import ALL
from orchestrator.tools.debian.roots import Tools, make
from orchestrator.tools.layers import compress
from orchestrator.tools.locks import locked
from orchestrator.tools.logs import log

AT_ONCE = 4
"""How many are made at once: each takes one processor, and emulated ones a good while."""

_PREFIX = "import-"


class Registry(Protocol):
    """What is asked of the registry that gets the bases."""

    async def document(self, reference: Reference) -> Document | None:
        """The verified document under a tag, or None."""

    async def put_blob(self, repository: Repository, digest: str, size: int, source: Path | bytes) -> object:
        """Store a blob unless it is there."""

    async def put_document(self, reference: Reference, document: Document) -> bool:
        """Store a document; False when it was there already."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where bases are made and where they go."""

    tools: Tools
    registry: Registry
    address: str
    """The registry that gets them, such as `127.0.0.1:5000`."""
    state: Path
    native: str
    """The arch of this machine."""
    able: frozenset[str] = frozenset()
    """The arches whose programs this machine can run, emulated or not."""

    def place(self, recipe: Recipe) -> Reference:
        return Reference(self.address, recipe.path, recipe.tag)


@dataclass(frozen=True, slots=True)
class Imported:
    """One base on one arch, as the registry has it now."""

    recipe: Recipe
    arch: str
    reference: Reference
    """By the digest of the arch's own manifest."""
    changed: bool


async def import_base(recipe: Recipe, arches: Sequence[str], workshop: Workshop) -> tuple[Imported, ...]:
    """Make a base for some arches (`all`: those of the suite) at once, and join them with what its index has already.

    Made again from the same packages it has the same digests, and nothing is pushed. When one arch fails, nothing is
    published and the error names the problems of all; an image of that name that is not ours is an InputError.
    """
    work = workshop.state / "bases"
    with _disk(work):
        async with locked(work / "lock"):
            _sweep(work)
            return await _imported(recipe, arches, workshop)


@contextlib.contextmanager
def _disk(work: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LocalOutputError(f"{error.filename or work}: {error.strerror}; bases are made in {work}") from error


def _sweep(work: Path) -> None:
    """Remove what a run left that was cut off; whoever holds the lock is the only one at work."""
    for folder in work.glob(f"{_PREFIX}*"):
        shutil.rmtree(folder)


async def _imported(recipe: Recipe, arches: Sequence[str], workshop: Workshop) -> tuple[Imported, ...]:
    place = workshop.place(recipe)
    there = await workshop.registry.document(place)
    if there is not None and not is_stand_in(there, recipe):
        raise InputError(
            f"{place} was not made by `orchestrator bases import`, so it is left alone; "
            "remove it from that registry if a stand-in shall take its place"
        )
    images = await _made(recipe, arches, workshop)
    joint = index(recipe, {arch: made.descriptor for arch, made in images.items()}, existing=there)
    await workshop.registry.put_document(place, joint)
    before = {child.digest for child in there.children} if there else set()
    return tuple(
        Imported(recipe, arch, place.pinned(made.manifest.digest), changed=made.manifest.digest not in before)
        for arch, made in images.items()
    )


async def _made(recipe: Recipe, arches: Sequence[str], workshop: Workshop) -> dict[str, Image]:
    release = await workshop.tools.archive.release(recipe.suite, arch_name=workshop.native)
    slots = asyncio.Semaphore(AT_ONCE)

    async def attempt(arch_name: str) -> Image | OrchestratorError:
        try:
            # Here, too, so that the others are not left running.
            with _disk(workshop.state / "bases"):
                async with slots:
                    return await _stored(recipe, arch_name, release, workshop)
        except OrchestratorError as error:
            return error

    wanted = _wanted(recipe, arches, release, able=workshop.able)
    outcomes = dict(zip(wanted, await asyncio.gather(*map(attempt, wanted)), strict=True))
    if errors := [outcome for outcome in outcomes.values() if isinstance(outcome, OrchestratorError)]:
        raise joined(errors)
    return {arch_name: outcome for arch_name, outcome in outcomes.items() if isinstance(outcome, Image)}


def _wanted(recipe: Recipe, arches: Sequence[str], release: Release, *, able: frozenset[str]) -> Sequence[str]:
    """The arches to make the base for; raises an error when that is not possible."""
    wanted = release.arches if ALL in arches else arches
    if missing := [arch_name for arch_name in wanted if arch_name not in release.arches]:
        there = ", ".join(release.arches)
        raise InputError(f"{recipe}: Debian {recipe.suite} has no {', '.join(missing)}; it has {there}")
    if unable := [arch_name for arch_name in wanted if recipe.runs_programs and arch_name not in able]:
        raise ProgramMissingError(
            f"{recipe}: this machine cannot run programs of {', '.join(unable)}; "
            "`orchestrator engine up` sets up emulation, or leave them out by `--arch`"
        )
    return wanted


async def _stored(recipe: Recipe, arch_name: str, release: Release, workshop: Workshop) -> Image:
    """Make the image of one arch and store all of it except its place in the index."""
    with tempfile.TemporaryDirectory(dir=workshop.state / "bases", prefix=_PREFIX) as name:
        folder = Path(name)
        root = await make(recipe, arch_name=arch_name, release=release, tools=workshop.tools, folder=folder)
        file = folder / "layer.tar.gz"
        layer = await asyncio.to_thread(compress, root.archive, file)
        made = image(recipe, arch_name=arch_name, layer=layer, made_from=root.made_from, created=root.created)
        await _push(made, layer, file, workshop.place(recipe).repository, registry=workshop.registry)
    log.debug("made", base=str(recipe), arch=arch_name, digest=made.manifest.digest, bytes=layer.size)
    return made


async def _push(made: Image, layer: Layer, file: Path, repository: Repository, *, registry: Registry) -> None:
    await registry.put_blob(repository, layer.digest, layer.size, file)
    await registry.put_blob(repository, digest_of(made.config), len(made.config), made.config)
    await registry.put_document(repository.at(made.manifest.digest), made.manifest)
