"""What speaks of an image: signatures, SBOMs and other artifacts that name it as their subject.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
"""

import asyncio
import json
import re
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from orchestrator.errors import ContractBrokenError, InputError, TagMovedError
from orchestrator.model.oci import MAX_DOCUMENT_BYTES, OCI_INDEX, Descriptor, Document
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.registry.pages import pages
from orchestrator.tools.registry.session import Session
from orchestrator.tools.registry.writes import Writes

# How registries without this part of the API say so. Some lead to a page for people, which is no answer of theirs.
_NOT_OFFERED = frozenset({400, 404, 405, *range(300, 400)})
_ROUNDS = 8
_TAG = re.compile(r"sha256-[0-9a-f]{64}(\.[a-z]+)?")
_COSIGN = (".sig", ".att", ".sbom")
"""Signatures, attestations and SBOMs: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#storage"""


class Referrers:
    """Lists what speaks of documents, and adds to it; keeps the list under a tag where the registry keeps none."""

    def __init__(self, session: Session, writes: Writes) -> None:
        self._session = session
        self._writes = writes
        self._manifests = writes.manifests

    async def of(self, repository: Repository, digest: str) -> tuple[Descriptor, ...]:
        """Everything that speaks of a document, each once; nothing where nobody ever did."""
        offered = await self._offered(repository, digest)
        return await self._tagged(repository, digest) if offered is None else offered

    async def of_cosign(self, repository: Repository, digest: str) -> tuple[Document, ...]:
        """What cosign keeps of a document under tags made of its digest; it names no subject."""
        places = (repository.tagged(f"{_tag(repository, digest).tag}{suffix}") for suffix in _COSIGN)
        found = await asyncio.gather(*map(self._manifests.read, places))
        return tuple(document for document in found if document is not None)

    async def attach(self, repository: Repository, document: Document) -> None:
        """Store a document, whose blobs are there, so that it is found by its subject; InputError if it has none."""
        if document.subject is None:
            raise InputError(f"attaching {document.digest} in {repository}: it names no subject")
        await self._writes.write(repository.at(document.digest), document)
        if await self._offered(repository, document.subject.digest) is None:
            await self._note(repository, document, subject=document.subject.digest)

    async def _offered(self, repository: Repository, digest: str) -> tuple[Descriptor, ...] | None:
        """What the registry lists; None where it keeps no such lists."""
        what = f"listing what refers to {repository.at(digest)}"
        bare = self._session.request(repository, f"referrers/{digest}", what=what)
        request = replace(bare, headers={"Accept": OCI_INDEX}, max_bytes=MAX_DOCUMENT_BYTES)
        found: list[Descriptor] = []
        async with aclosing(pages(request, session=self._session, absent=_NOT_OFFERED)) as answers:
            async for answer in answers:
                if answer.status != 200:
                    return None
                try:
                    found += Document.parse(answer.body, OCI_INDEX).children
                except ValueError as error:
                    raise ContractBrokenError(f"{what}: not an index: {error}") from error
        return tuple({child.digest: child for child in found}.values())

    async def _tagged(self, repository: Repository, digest: str) -> tuple[Descriptor, ...]:
        listed = await self._list(repository, digest)
        return listed.children if listed else ()

    async def _list(self, repository: Repository, digest: str) -> Document | None:
        """What stands under the tag; None also where a registry takes it for the digest, and shows the document."""
        found = await self._manifests.read(_tag(repository, digest))
        return None if found is None or found.digest == digest else found

    async def _note(self, repository: Repository, document: Document, *, subject: str) -> None:
        """Add to the list under the tag; whoever was faster is kept."""
        place = _tag(repository, subject)
        for _ in range(_ROUNDS):
            listed = await self._list(repository, subject)
            if listed and any(child.digest == document.digest for child in listed.children):
                return
            try:
                await self._writes.write(place, _longer(listed, document), instead_of=listed.digest if listed else "")
            except TagMovedError:
                continue
            return
        raise TagMovedError(f"writing {place}: other jobs keep adding to it; run again")


def is_beside(tag: str) -> bool:
    """Whether a tag is made of the digest of an image: what it names is kept beside that, and no image itself."""
    return _TAG.fullmatch(tag) is not None


def _tag(repository: Repository, digest: str) -> Reference:
    """Where the list is kept (spec, "Referrers Tag Schema")."""
    return repository.tagged(digest.replace(":", "-"))


def _longer(listed: Document | None, document: Document) -> Document:
    """The list with one more entry; what stood there before stays as it was."""
    before: dict[str, Any] = (
        json.loads(listed.content) if listed else {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
    )
    named = replace(document.descriptor(), artifact_type=document.artifact_type, annotations=document.annotations)
    longer = {**before, "manifests": [*(before["manifests"] or []), named.entry]}
    return Document.parse(json.dumps(longer, separators=(",", ":")).encode(), OCI_INDEX)
