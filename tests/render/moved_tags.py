"""Tags with every fate that publishing has for them."""

from dataclasses import replace

from orchestrator.errors import ExitCode
from orchestrator.model.oci import OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.publishing.index import Member
from orchestrator.model.publishing.moves import Move, Moved
from orchestrator.model.publishing.publication import Publication, Staged
from orchestrator.model.references import Repository
from orchestrator.model.targets import Target
from tests.samples import target

OLD, NEW = digest_of(b"old"), digest_of(b"new")
REPOSITORY = Repository("docker.io", "library/tool")
LINUX, WINDOWS = target("2.0/trixie@amd64"), target("2.0/windows/servercore-1@windows-amd64")
RISCV64 = target("2.0/trixie@riscv64")


def moved(tag: str, move: Move, *targets: Target, missing: tuple[Target, ...] = (), **more: object) -> Moved:
    staged = tuple(Staged(each, REPOSITORY, (member(each),)) for each in targets)
    publication = Publication(REPOSITORY.tagged(tag), (*targets, *missing), staged, missing, frozenset({"riscv64"}))
    return replace(Moved(publication, move), **more)  # type: ignore[arg-type] # the fields of Moved, as each test needs


def member(of: Target) -> Member:
    version = "10.0.26100.4061" if of.platform.os == "windows" else ""
    return Member(of.arch, Descriptor(OCI_MANIFEST, NEW, 7, platform=of.platform, os_version=version))


MOVES = (
    moved("2.0.1", Move.MOVED, LINUX, WINDOWS, after=NEW),
    moved("2.0.1-trixie", Move.MOVED, LINUX, WINDOWS, after=NEW),
    moved("2.0", Move.MOVED, LINUX, WINDOWS, before=OLD, after=NEW, warnings=("goes back from 2.0.2 to 2.0.1",)),
    moved("2.0-slim", Move.UNCHANGED, LINUX, before=OLD, after=OLD),
    moved("2", Move.WOULD_MOVE, LINUX, missing=(RISCV64,), before=OLD, after=NEW, kept=(member(WINDOWS),)),
    moved("latest", Move.HELD, missing=(LINUX,), code=ExitCode.INCOMPLETE, detail="not staged: 2.0/trixie@amd64"),
    moved("3", Move.FAILED, LINUX, code=ExitCode.UNAVAILABLE, detail="no answer\ntwice"),
)
