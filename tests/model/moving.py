"""Tags of a small family: what they should name, and what they name."""

from collections.abc import Sequence

from orchestrator.model.oci import OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.platforms import ARCHES
from orchestrator.model.publishing.index import Member, assemble
from orchestrator.model.publishing.live import Live
from orchestrator.model.publishing.publication import GENERATION, Publication, Staged
from orchestrator.model.references import Repository
from tests.samples import target

REPOSITORY = Repository("registry.example", "library/tool")
STAGING = Repository("registry.example", "staging/staging")


def member(arch: str, content: str = "new", *, version: str = "", os_version: str = "") -> Member:
    digest = digest_of(f"{arch} {os_version} {content}".encode())
    made = Member(arch, Descriptor(OCI_MANIFEST, digest, 7, platform=ARCHES[arch].platform, os_version=os_version))
    return made.holding(version) if version else made


def publication(
    *arches: str,
    missing: Sequence[str] = (),
    tag: str = "2.0",
    name: str = "2.0/trixie",
    version: str = "2.0.1",
    is_exact: bool = False,
    generation: int | None = None,
) -> Publication:
    targets = {arch: target(f"{name}@{arch}", version=version) for arch in (*arches, *missing)}
    return Publication(
        tag=REPOSITORY.tagged(tag),
        expected=tuple(targets.values()),
        staged=tuple(Staged(targets[arch], STAGING, (member(arch),)) for arch in arches),
        missing=tuple(targets[arch] for arch in missing),
        best_effort=frozenset({"riscv64"}),
        is_exact=is_exact,
        generation=generation,
    )


def live(*members: Member, generation: int | None = None) -> Live:
    annotations = {} if generation is None else {GENERATION: str(generation)}
    return Live(assemble(members, annotations=annotations), members)


def old(*arches: str, version: str = "2.0.1", generation: int | None = None) -> Live:
    return live(*(member(arch, "old", version=version) for arch in arches), generation=generation)
