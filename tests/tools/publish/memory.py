"""A registry in memory that keeps what a real one keeps: documents under tags and digests, and blobs."""

from collections.abc import Sequence

from orchestrator.errors import ContractBrokenError, TagMovedError
from orchestrator.model.oci import Document
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.registry.sources import Source
from orchestrator.tools.registry.uploads import Outcome
from tests.fakes import FakeRegistry


class MemoryRegistry(FakeRegistry):
    """What is put under a tag is there under its digest, too; copies are made."""

    def __init__(self) -> None:
        super().__init__()
        self.blobs: dict[tuple[str, str], bytes] = {}

    @property
    def requests(self) -> dict[str, int]:
        return {"GET": len(self.asked)}

    def hold(self, repository: Repository, document: Document, *tags: str) -> None:
        """Let a repository hold a document, and some tags name it."""
        for place in (repository.at(document.digest), *map(repository.tagged, tags)):
            self.documents[str(place)] = document

    def hold_blob(self, repository: Repository, digest: str, content: bytes) -> None:
        self.blobs[str(repository), digest] = content

    def named(self, tag: Reference) -> str:
        """The digest behind a tag; empty when there is none."""
        found = self.documents.get(str(tag))
        return found.digest if found else ""

    async def put_document(self, reference: Reference, document: Document, *, instead_of: str | None = None) -> bool:
        self.before_writing(str(reference))
        if error := self.failing.get(str(reference)):
            raise error
        found = self.named(reference)
        if found == document.digest:
            return False
        if instead_of is not None and found != instead_of:
            raise TagMovedError(f"writing {reference}: expected {instead_of or 'nothing'}, found {found or 'nothing'}")
        self.written.append(str(reference))
        self.documents[str(reference)] = document
        self.hold(reference.repository, document)
        return True

    async def put_blob(
        self, repository: Repository, digest: str, size: int, source: Source, *, mount_from: Sequence[Repository] = ()
    ) -> Outcome:
        if isinstance(source, bytes):
            self.hold_blob(repository, digest, source)
        return await super().put_blob(repository, digest, size, source, mount_from=mount_from)

    async def blob_size(self, repository: Repository, digest: str) -> int | None:
        content = self.blobs.get((str(repository), digest))
        return None if content is None else len(content)

    async def blob(self, repository: Repository, digest: str, *, max_bytes: int) -> bytes:
        if (str(repository), digest) not in self.blobs:
            raise ContractBrokenError(f"{repository} does not have {digest}")
        return self.blobs[str(repository), digest]

    async def copy_document(self, source: Repository, target: Repository, digest: str) -> None:
        await super().copy_document(source, target, digest)
        self.hold(target, self.documents[str(source.at(digest))])

    async def tags(self, repository: Repository) -> tuple[str, ...]:
        # Not in their order, as some registries list them.
        places = (Reference.parse(place) for place in self.documents if "@" not in place)
        return tuple(
            sorted((place.tag for place in places if place.repository == repository), key=lambda tag: tag[::-1])
        )
