"""The client for registries: what they hold, proven; what we bring there, verified."""

import datetime as dt
from collections.abc import AsyncGenerator, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Any, Self

from orchestrator.model.oci import Descriptor, Document
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.registry.auth import Authoriser
from orchestrator.tools.registry.blobs import Blobs
from orchestrator.tools.registry.copies import copy
from orchestrator.tools.registry.credentials import Credentials
from orchestrator.tools.registry.dates import Dates
from orchestrator.tools.registry.endpoints import Endpoints
from orchestrator.tools.registry.http import Transport
from orchestrator.tools.registry.kept import Kept
from orchestrator.tools.registry.manifests import Manifests
from orchestrator.tools.registry.network import Network
from orchestrator.tools.registry.referrers import Referrers
from orchestrator.tools.registry.retry import Policy
from orchestrator.tools.registry.session import Session
from orchestrator.tools.registry.sources import Source
from orchestrator.tools.registry.tags import tags
from orchestrator.tools.registry.uploads import Outcome, Uploads
from orchestrator.tools.registry.writes import Writes

__all__ = ["Outcome", "Registry"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Registry:
    """All registries, for one run; open it with `async with` and share it between all tasks.

    Whatever it returns is proven by digest, and whatever it says is absent was said to be absent by a registry. Where
    neither is certain it raises: UnavailableError when a registry kept failing (running again is safe),
    NotAuthorisedError when it refuses us, ContractBrokenError when it does not keep its word, InputError for what it
    will never accept, for a certificate that is not trusted, and for a Docker configuration that cannot be read.
    """

    def __init__(
        self,
        *,
        credentials: Credentials,
        plain_http: frozenset[str] = frozenset(),
        paths: Mapping[str, str] = _NOTHING,
        token_hosts: Mapping[str, frozenset[str]] = _NOTHING,
        policy: Policy | None = None,
        kept: Kept | None = None,
        network: Network | None = None,
    ) -> None:
        """`plain_http` names registries spoken to without TLS, besides those on loopback.

        `paths` says by registry what stands before ``/v2/``; `token_hosts` which further hosts may see its credentials;
        `kept` is what was read in earlier runs; `network` is the way there.
        """
        policy = policy or Policy()
        endpoints = Endpoints(plain_http, paths)
        self._transport = Transport(policy, network)
        authoriser = Authoriser(
            self._transport, credentials=credentials, endpoints=endpoints, token_hosts=token_hosts, policy=policy
        )
        self._session = Session(authoriser, endpoints=endpoints, policy=policy)
        self._kept = kept
        self._manifests = Manifests(self._session, kept)
        self._writes = Writes(self._manifests)
        self._blobs = Blobs(self._session, kept)
        self._dates = Dates(self._session, self._transport)
        self._uploads = Uploads(self._session, self._blobs)
        self._referrers = Referrers(self._session, self._writes)

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._manifests.close()
        await self._transport.__aexit__(kind, error, trace)
        if self._kept is not None:
            await self._kept.tidy()

    @property
    def requests(self) -> Mapping[str, int]:
        """How many requests went out so far, by method; repeated ones and those for tokens count."""
        return dict(self._transport.requests)

    async def resolve(self, reference: Reference) -> Descriptor | None:
        """What a reference names, or None where there is certainly nothing."""
        document = await self.document(reference)
        return document.descriptor() if document else None

    async def document(self, reference: Reference) -> Document | None:
        """The index or manifest that a reference names, or None where there is certainly none.

        What is asked for by digest is asked once per run, equal questions at the same time once.
        """
        return await self._manifests.read(reference)

    async def put_document(self, reference: Reference, document: Document, *, instead_of: str | None = None) -> bool:
        """Make a tag or digest name the document and read it back; False when it did already, and nothing was written.

        `instead_of` is the digest that the caller saw there and decided upon, empty for nothing. Raises TagMovedError
        when it has moved, or when somebody else's document appears instead of ours; registries that heed If-Match and
        If-None-Match (RFC 9110, 13.1) see to that themselves. Raises ContractBrokenError when ours stays invisible.
        """
        return await self._writes.write(reference, document, instead_of=instead_of)

    async def blob_size(self, repository: Repository, digest: str) -> int | None:
        """How many bytes a registry says a blob has, -1 where it does not say; None where there is no such blob."""
        return await self._blobs.size(repository, digest)

    async def modified(self, repository: Repository, layer: Descriptor) -> dt.datetime | None:
        """When a layer came to where it is stored, in UTC; None where nobody says."""
        return await self._dates.of(repository, layer)

    async def blob(self, repository: Repository, digest: str, *, max_bytes: int) -> bytes:
        """A small blob, proven; one that is kept on disk is not asked for again.

        Raises ContractBrokenError when it is missing or longer than `max_bytes`.
        """
        return await self._blobs.read(repository, digest, max_bytes=max_bytes)

    def stream_blob(self, repository: Repository, digest: str) -> AsyncGenerator[bytes, None]:
        """A blob of any size in pieces; proven only by its end, where ContractBrokenError says that it is another."""
        return self._blobs.stream(repository, digest)

    async def put_blob(
        self, repository: Repository, digest: str, size: int, source: Source, *, mount_from: Sequence[Repository] = ()
    ) -> Outcome:
        """Bring a blob of `size` bytes to a repository: not at all if it is there, by a mount, or else by an upload.

        `source` is a file, the bytes, or a repository that has the blob. Raises InputError when local content is not
        what its digest and size say, LocalOutputError when it cannot be read.
        """
        return await self._uploads.write(repository, digest, size, source, mount_from=mount_from)

    async def copy_document(self, source: Repository, target: Repository, digest: str) -> None:
        """Make a repository hold a document of another with all that it names: blobs first, children before indexes.

        A document that the target shows already was written after all that it names, so that is not asked for again.
        """
        await copy(source, target, digest, writes=self._writes, uploads=self._uploads)

    async def referrers(self, repository: Repository, digest: str) -> tuple[Descriptor, ...]:
        """What speaks of a document: signatures, SBOMs, whatever names it as its subject.

        Asks the referrers API, and where a registry has none, the tag that stands for it.
        """
        return await self._referrers.of(repository, digest)

    async def kept_by_cosign(self, repository: Repository, digest: str) -> tuple[Document, ...]:
        """Signatures, attestations and SBOMs that cosign keeps of a document under tags, which `referrers` lacks."""
        return await self._referrers.of_cosign(repository, digest)

    async def attach(self, repository: Repository, document: Document) -> None:
        """Store a document that names a subject, and whose blobs are there, so that `referrers` finds it."""
        await self._referrers.attach(repository, document)

    async def tags(self, repository: Repository) -> tuple[str, ...]:
        """All tags of a repository in alphabetical order; none where there is no such repository."""
        return await tags(repository, session=self._session)
