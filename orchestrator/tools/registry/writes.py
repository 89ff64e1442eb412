"""Manifests and indexes brought to a registry, and seen there."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from orchestrator.errors import ContractBrokenError, InputError, TagMovedError
from orchestrator.model.oci import Document
from orchestrator.model.references import Reference
from orchestrator.tools.logs import log
from orchestrator.tools.registry.answers import Answer, failure
from orchestrator.tools.registry.manifests import Manifests
from orchestrator.tools.registry.retry import Cause, RegistryUnavailableError, TransientError

# No answer, or a gateway's answer that knows of none: what was sent may have been done.
_UNCLEAR = frozenset({None, 502, 504})
_PRECONDITION_FAILED = 412
_CONFLICTS = frozenset({409, _PRECONDITION_FAILED})


@dataclass(frozen=True, slots=True)
class _Write:
    """One document on its way to a place."""

    place: Reference
    document: Document
    before: frozenset[str] | None
    """The digests that a reader may rightly still see after it; None when that cannot be known."""
    condition: Mapping[str, str] = field(default_factory=dict)
    """What the registry is asked to check first (RFC 9110, 13.1); many do not."""

    @property
    def what(self) -> str:
        return f"writing {self.place}"

    def is_done_by(self, found: Document | None) -> bool:
        return found is not None and found.digest == self.document.digest

    def is_overtaken_by(self, found: Document | None) -> bool:
        """Whether somebody else's document appeared where nothing, or another, stood before."""
        return found is not None and self.before is not None and found.digest not in self.before


class _Crowd:
    """Those who are about to write one document to one repository.

    distribution 2.8.3 empties the file that says that a manifest is in a repository before it writes it again: what
    reads that document by another tag meanwhile is answered 500. So all write before the first one looks.
    """

    def __init__(self) -> None:
        self.has_gone = asyncio.Event()
        self._size = 0

    @contextlib.contextmanager
    def one_more(self) -> Iterator[None]:
        self.has_gone.clear()
        self._size += 1
        try:
            yield
        finally:
            self._size -= 1
            if not self._size:
                self.has_gone.set()


class Writes:
    """Writes documents under tags and digests."""

    def __init__(self, manifests: Manifests) -> None:
        self.manifests = manifests
        self._session = manifests.session
        self._crowds: defaultdict[Reference, _Crowd] = defaultdict(_Crowd)

    async def write(
        self, reference: Reference, document: Document, *, instead_of: str | None = None, is_new: bool = False
    ) -> bool:
        """Make the tag or digest name the document, and see that it does; False when it did already.

        `instead_of`: what the caller saw there and decided upon, empty for nothing; TagMovedError when it has moved.
        `is_new`: the caller has just seen that nothing is there.
        """
        if reference.digest not in {"", document.digest}:
            raise InputError(f"writing {reference}: the document's digest is {document.digest}")
        place = replace(reference, digest="") if reference.tag else reference
        crowd = self._crowds[place.repository.at(document.digest)]
        with crowd.one_more():
            before = frozenset[str]() if is_new else await self._before(place)
            if before is not None and document.digest in before:
                return False
            if instead_of is not None and before is not None and before != frozenset(filter(None, [instead_of])):
                raise TagMovedError(
                    f"writing {place}: expected {instead_of or 'nothing'} to stand there, found "
                    f"{', '.join(before) or 'nothing'}; another job was faster, run again"
                )
            write = _Write(place, document, before, self._condition(place, before))
            await self._put(write)
        await crowd.has_gone.wait()
        await self._see(write)
        return True

    async def _see(self, write: _Write) -> None:
        """See what was written, written again where it is not seen, a few times at the most."""
        for _ in range(self._session.policy.repeated_writes):
            if await self._shows(write):
                return
            log.warning("registry: what was written is not seen, writing again", reference=str(write.place))
            await self._put(write)
        if not await self._shows(write):
            raise ContractBrokenError(
                f"{write.what}: the registry accepted {write.document.digest} but does not show it; "
                "its storage may be full or damaged, ask who runs it"
            )

    async def _before(self, place: Reference) -> frozenset[str] | None:
        """The digests that a reader may rightly still see after our write; None when that cannot be known.

        A tag that a registry was killed over while it moved answers 500 until somebody writes it again, and what stands
        under a tag may be damaged or of a kind that we do not read: neither keeps us from writing.
        """
        try:
            found = await self.manifests.read(place)
        except ContractBrokenError:
            return None
        except RegistryUnavailableError as error:
            if error.status != 500:
                raise
            return None
        return frozenset() if found is None else frozenset({found.digest})

    def _condition(self, place: Reference, before: frozenset[str] | None) -> dict[str, str]:
        """A tag is replaced only as long as it is what we saw; content under its digest can never be another's."""
        if place.digest or before is None:
            return {}
        if not before:
            return {"If-None-Match": "*"}
        etag = self.manifests.etag(place)
        return {"If-Match": etag} if etag.startswith('"') else {}

    async def _put(self, write: _Write) -> None:
        refusal = await self._refusal(write)
        if refusal is not None and refusal.status == _PRECONDITION_FAILED and write.condition:
            # The tag is what we saw, so it is the condition that this registry does not understand.
            refusal = await self._refusal(replace(write, condition={}))
        if refusal is not None:
            raise failure(refusal, what=write.what)

    async def _refusal(self, write: _Write) -> Answer | None:
        """Send it; the answer that says no, or None. Raises TagMovedError when the place names another by now."""
        answer = await self._sent(write)
        if answer is None or answer.status not in _CONFLICTS:
            return None
        found = await self.manifests.reread(write.place)
        if write.is_done_by(found):
            return None
        if write.is_overtaken_by(found):
            raise _moved(write, found)
        return answer

    async def _sent(self, write: _Write) -> Answer | None:
        """The answer; None where an earlier attempt had been done, though its own answer was lost."""
        request = replace(
            self.manifests.request(write.place, what=write.what, method="PUT"),
            headers={"Content-Type": write.document.media_type, **write.condition},
            body=write.document.content,
            body_size=write.document.size,
        )
        unclear = False

        async def attempt() -> Answer | None:
            nonlocal unclear
            if unclear and write.is_done_by(await self.manifests.fetch(write.place)):
                return None
            try:
                answer = await self._session.ask(request, expected={200, 201, 202, *_CONFLICTS})
            except TransientError as error:
                # Without an answer it may have been done; asking first keeps us from overwriting a later writer.
                unclear = error.status in _UNCLEAR and error.cause is not Cause.UNREACHABLE
                raise
            named = answer.headers.get("docker-content-digest", write.document.digest)
            if named != write.document.digest:
                log.warning("registry: named another digest than was written", reference=str(write.place), named=named)
            return answer

        return await self._session.repeat(attempt, what=write.what)

    async def _shows(self, write: _Write) -> bool:
        for seconds in self._session.policy.visible_after_seconds:
            await self._session.policy.sleep(seconds)
            found = await self._written(write.place)
            if write.is_done_by(found):
                return True
            if write.is_overtaken_by(found):
                raise _moved(write, found)
        return False

    async def _written(self, place: Reference) -> Document | None:
        try:
            return await self.manifests.reread(place)
        except RegistryUnavailableError as error:
            if error.status != 500:
                raise
            # A registry whose disk was full keeps an empty file under the digest, and fails on it ever after.
            raise ContractBrokenError(
                f"writing {place}: the registry accepted it but cannot read it, {error}; "
                "its copy is damaged, ask who runs it to remove it"
            ) from error


def _moved(write: _Write, found: Document | None) -> TagMovedError:
    return TagMovedError(
        f"{write.what}: it now names {found.digest if found else 'nothing'}, which is neither what was written nor "
        "what stood there before; another job writes the same tag, run again"
    )
