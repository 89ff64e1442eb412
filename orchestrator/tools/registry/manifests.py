"""Manifests and indexes in a registry, read so that they are proven."""

import asyncio
from dataclasses import replace

from orchestrator.errors import ContractBrokenError, InputError
from orchestrator.model.oci import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    MAX_DOCUMENT_BYTES,
    OCI_INDEX,
    OCI_MANIFEST,
    Document,
    digest_of,
)
from orchestrator.model.references import Reference, is_digest, is_tag
from orchestrator.tools.registry.answers import Answer, failure
from orchestrator.tools.registry.http import Request
from orchestrator.tools.registry.kept import Kept
from orchestrator.tools.registry.retry import Cause, TransientError
from orchestrator.tools.registry.session import Session

# All four, always: a registry answers 404 for a document whose type the question does not list.
_ACCEPT = ", ".join((OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST))

_ANY_STATUS = range(600)


class Manifests:
    """Reads documents; what was read by digest is remembered, as it cannot change."""

    def __init__(self, session: Session, kept: Kept | None = None) -> None:
        self.session = session
        self._kept = kept
        self._known: dict[Reference, Document] = {}
        self._etags: dict[Reference, str] = {}
        self._asking: dict[Reference, asyncio.Task[Document | None]] = {}

    async def close(self) -> None:
        """Drop questions that nobody waits for any more."""
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def read(self, reference: Reference) -> Document | None:
        """The document, or None where the registry says that there is none; equal questions at once are asked once."""
        place = placed(reference)
        if place in self._known:
            return self._known[place]
        task = self._asking.get(place)
        if task is None:
            task = self._asking[place] = asyncio.create_task(self._read(place), name=f"read {place}")
            task.add_done_callback(lambda done: self._answered(place, done))
        # Shielded: one of several askers being cancelled must not leave the others without an answer.
        return await asyncio.shield(task)

    async def reread(self, place: Reference) -> Document | None:
        """The same, whatever is known: the registry shows every byte."""
        self._known.pop(place, None)
        document = await self.session.repeat(lambda: self.fetch(place), what=f"reading {place}")
        if document is not None:
            self._known[place.pinned(document.digest)] = document
            if self._kept is not None:
                self._kept.keep_document(place, document)
        return document

    async def fetch(self, place: Reference) -> Document | None:
        """One attempt to read; raises TransientError for what may go better."""
        request = self.request(place, what=f"reading {place}")
        answer = await self.session.ask(request, expected={200, 404})
        if answer.is_absent:
            return None
        if answer.status == 404:
            raise failure(answer, what=request.what)
        self._etags[place] = answer.headers.get("etag", "")
        return _proven(answer, place, what=request.what)

    def etag(self, place: Reference) -> str:
        """How the registry called what it showed last under a reference; empty where it has no such names."""
        return self._etags.get(place, "")

    def request(self, place: Reference, *, what: str, method: str = "GET") -> Request:
        if not (is_digest(place.digest) if place.digest else is_tag(place.tag)):
            raise InputError(f"{what}: expected a reference with a tag or a digest, like debian:trixie-slim")
        name = place.digest or place.tag
        request = self.session.request(place.repository, f"manifests/{name}", what=what, method=method)
        return replace(request, headers={"Accept": _ACCEPT}, max_bytes=MAX_DOCUMENT_BYTES)

    def _answered(self, place: Reference, task: asyncio.Task[Document | None]) -> None:
        self._asking.pop(place, None)
        if not task.cancelled():
            task.exception()  # looked at, so that Python does not complain where every asker was cancelled

    async def _read(self, place: Reference) -> Document | None:
        kept = self._kept.document(place) if self._kept is not None else None
        if kept is None or not await self._still_names(place, kept):
            return await self.reread(place)
        self._known[place.pinned(kept.digest)] = kept
        return kept

    async def _still_names(self, place: Reference, kept: Document) -> bool:
        """Whether the registry says that a reference names what it named before; if in doubt, it does not.

        Asked by HEAD: for `If-None-Match` with a digest that it does not even hold distribution 2.8.3 answers 304, and
        Docker Hub counts each GET of a manifest as a pull.
        """
        request = self.request(place, what=f"reading {place}", method="HEAD")
        try:
            answer = await self.session.ask(request, expected=_ANY_STATUS)
        except TransientError:
            return False
        self._etags[place] = answer.headers.get("etag", "")
        said = (answer.headers.get("docker-content-digest"), answer.headers.get("content-length", str(kept.size)))
        return answer.status == 200 and said == (kept.digest, str(kept.size))


def placed(reference: Reference) -> Reference:
    """The reference as it is asked for: where there is a digest, a tag says nothing more."""
    return reference.pinned(reference.digest) if reference.digest else reference


def _proven(answer: Answer, place: Reference, *, what: str) -> Document:
    """The document of an answer whose bytes are those that the digest names."""
    named = place.digest or answer.headers.get("docker-content-digest", "")
    digest = digest_of(answer.body)
    if named and digest != named:
        raise TransientError(
            f"expected content of {named}, got {len(answer.body)} bytes of {digest}", cause=Cause.WRONG_CONTENT
        )
    try:
        return Document.parse(answer.body, answer.headers.get("content-type", ""))
    except ValueError as error:
        raise ContractBrokenError(f"{what}: not an image manifest or index: {error}") from error
