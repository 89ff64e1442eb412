"""Manifests and indexes in a registry: read so that they are proven, written so that they are seen."""

import asyncio
from dataclasses import replace

import structlog

from orchestrator.errors import ContractBrokenError, InputError, TagMovedError
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
from orchestrator.tools.registry.retry import Cause, RegistryUnavailableError, TransientError
from orchestrator.tools.registry.session import Session

# All four, always: a registry answers 404 for a document whose type the question does not list.
_ACCEPT = ", ".join((OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST))

# No answer, or a gateway's answer that knows of none: what was sent may have been done.
_UNCLEAR = frozenset({None, 502, 504})

log = structlog.get_logger()


class Manifests:
    """Reads and writes documents; what was read by digest is remembered, as it cannot change."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[Reference, Document] = {}
        self._asking: dict[Reference, asyncio.Task[Document | None]] = {}

    async def close(self) -> None:
        """Drop questions that nobody waits for any more."""
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def read(self, reference: Reference) -> Document | None:
        """The document, or None where the registry says that there is none; equal questions at once are asked once."""
        place = _place(reference)
        if place in self._known:
            return self._known[place]
        task = self._asking.get(place)
        if task is None:
            task = self._asking[place] = asyncio.create_task(self._read(place), name=f"read {place}")
            task.add_done_callback(lambda done: self._answered(place, done))
        # Shielded: one of several askers being cancelled must not leave the others without an answer.
        return await asyncio.shield(task)

    async def write(self, reference: Reference, document: Document, *, is_new: bool = False) -> bool:
        """Make a tag or digest name the document, and see that it does; False when it did already.

        `is_new`: the caller has just seen that nothing is there.
        """
        if reference.digest not in {"", document.digest}:
            raise InputError(f"writing {reference}: the document's digest is {document.digest}")
        place = replace(reference, digest="") if reference.tag else reference
        before = frozenset[str]() if is_new else await self._before(place)
        if before is not None and document.digest in before:
            return False
        for repeated in range(1 + self._session.policy.repeated_writes):
            if repeated:
                log.warning("registry: what was written is not seen, writing again", reference=str(place))
            await self._put(place, document)
            if await self._shows(place, document, before=before):
                return True
        raise ContractBrokenError(
            f"writing {place}: the registry accepted {document.digest} but does not show it; "
            "its storage may be full or damaged, ask who runs it"
        )

    def _answered(self, place: Reference, task: asyncio.Task[Document | None]) -> None:
        self._asking.pop(place, None)
        if not task.cancelled():
            task.exception()  # looked at, so that Python does not complain where every asker was cancelled

    async def _read(self, place: Reference) -> Document | None:
        what = f"reading {place}"
        document = await self._session.repeat(lambda: self._fetch(place), what=what)
        if document is not None:
            self._known[place.pinned(document.digest)] = document
        return document

    async def _fetch(self, place: Reference) -> Document | None:
        request = self._request(place, what=f"reading {place}")
        answer = await self._session.ask(request, expected={200, 404})
        if answer.is_absent:
            return None
        if answer.status == 404:
            raise failure(answer, what=request.what)
        return _proven(answer, place, what=request.what)

    async def _before(self, place: Reference) -> frozenset[str] | None:
        """The digests that a reader may rightly still see after our write; None when that cannot be known.

        A tag that a registry was killed over while it moved answers 500 until somebody writes it again, and what stands
        under a tag may be damaged or of a kind that we do not read: neither keeps us from writing.
        """
        try:
            found = await self.read(place)
        except ContractBrokenError:
            return None
        except RegistryUnavailableError as error:
            if error.status != 500:
                raise
            return None
        return frozenset() if found is None else frozenset({found.digest})

    async def _put(self, place: Reference, document: Document) -> None:
        what = f"writing {place}"
        request = replace(
            self._request(place, what=what, method="PUT"),
            headers={"Content-Type": document.media_type},
            body=document.content,
            body_size=document.size,
        )
        unclear = False

        async def attempt() -> None:
            nonlocal unclear
            if unclear and await self._holds(place, document):
                return
            try:
                answer = await self._session.ask(request, expected={200, 201, 202, 409, 412})
            except TransientError as error:
                # Without an answer it may have been done; asking first keeps us from overwriting a later writer.
                unclear = error.status in _UNCLEAR and error.cause is not Cause.UNREACHABLE
                raise
            if answer.status in {409, 412} and not await self._holds(place, document):
                raise failure(answer, what=what)
            named = answer.headers.get("docker-content-digest", document.digest)
            if named != document.digest:
                log.warning("registry: named another digest than was written", reference=str(place), named=named)

        await self._session.repeat(attempt, what=what)

    async def _holds(self, place: Reference, document: Document) -> bool:
        found = await self._fetch(place)
        return found is not None and found.digest == document.digest

    async def _shows(self, place: Reference, document: Document, *, before: frozenset[str] | None) -> bool:
        for seconds in self._session.policy.visible_after_seconds:
            await self._session.policy.sleep(seconds)
            found = await self._written(place)
            if found is not None and found.digest == document.digest:
                return True
            if found is not None and before is not None and found.digest not in before:
                raise TagMovedError(
                    f"writing {place}: it now names {found.digest}, which is neither what was written nor what stood "
                    "there before; another job writes the same tag, run again"
                )
        return False

    async def _written(self, place: Reference) -> Document | None:
        self._known.pop(place, None)
        try:
            return await self._read(place)
        except RegistryUnavailableError as error:
            if error.status != 500:
                raise
            # A registry whose disk was full keeps an empty file under the digest, and fails on it ever after.
            raise ContractBrokenError(
                f"writing {place}: the registry accepted it but cannot read it, {error}; "
                "its copy is damaged, ask who runs it to remove it"
            ) from error

    def _request(self, place: Reference, *, what: str, method: str = "GET") -> Request:
        if not (is_digest(place.digest) if place.digest else is_tag(place.tag)):
            raise InputError(f"{what}: expected a reference with a tag or a digest, like debian:trixie-slim")
        name = place.digest or place.tag
        request = self._session.request(place.repository, f"manifests/{name}", what=what, method=method)
        return replace(request, headers={"Accept": _ACCEPT}, max_bytes=MAX_DOCUMENT_BYTES)


def _place(reference: Reference) -> Reference:
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
