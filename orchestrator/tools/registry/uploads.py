"""Blobs brought to a registry with as few bytes as possible, and seen there."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from yarl import URL

from orchestrator.errors import ContractBrokenError, InputError, NotAuthorisedError
from orchestrator.model.references import Repository, is_digest
from orchestrator.tools.registry.answers import Answer, failure
from orchestrator.tools.registry.blobs import Blobs
from orchestrator.tools.registry.http import Request, redirection
from orchestrator.tools.registry.retry import TransientError
from orchestrator.tools.registry.session import Session
from orchestrator.tools.registry.sources import Body, Source, check_size, digest_of_source


class Outcome(Enum):
    """How a blob came to be in a repository."""

    EXISTING = "existing"
    MOUNTED = "mounted"
    """Taken over from another repository of the same registry."""
    UPLOADED = "uploaded"


class Uploads:
    """Writes blobs; one that was seen in a repository is not asked for again."""

    def __init__(self, session: Session, blobs: Blobs) -> None:
        self._session = session
        self.blobs = blobs
        self._present: set[tuple[Repository, str]] = set()
        self._locks: defaultdict[tuple[Repository, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        # Copying holds two of a host's places at once, so copies alone must never take them all.
        self._copies = asyncio.Semaphore(max(1, session.policy.concurrency // 4))

    async def write(
        self, repository: Repository, digest: str, size: int, source: Source, *, mount_from: Sequence[Repository] = ()
    ) -> Outcome:
        """Bring a blob of `size` bytes to a repository, unless it is there, and see that it is."""
        if not is_digest(digest):
            raise InputError(f"{digest!r} is not a sha256 digest")
        key = (repository, digest)
        async with self._locks[key]:
            if key in self._present:
                return Outcome.EXISTING
            outcome = await self._write(repository, digest, size, source, mount_from=mount_from)
            self._present.add(key)
            return outcome

    async def _write(
        self, repository: Repository, digest: str, size: int, source: Source, *, mount_from: Sequence[Repository]
    ) -> Outcome:
        if await self._is_stored(repository, digest, size):
            return Outcome.EXISTING
        own = (source,) if isinstance(source, Repository) else ()
        session: URL | None = None
        for other in dict.fromkeys((*own, *mount_from)):
            if other.registry == repository.registry and other != repository:
                is_mounted, begun = await self._mount(repository, digest, other)
                session = begun or session
                if is_mounted and await self._is_stored(repository, digest, size):
                    return Outcome.MOUNTED
        if isinstance(source, Repository):
            async with self._copies:
                await self._upload(repository, digest, size, source, session=session)
        else:
            await self._upload(repository, digest, size, source, session=session)
        return Outcome.UPLOADED

    async def _mount(self, repository: Repository, digest: str, other: Repository) -> tuple[bool, URL | None]:
        """Take a blob over from another repository; where the registry will not, the upload it began instead."""
        what = f"mounting blob {digest} from {other} to {repository}"
        path = f"blobs/uploads/?mount={digest}&from={other.path}"
        request = self._session.request(repository, path, what=what, method="POST", reads_from=(other,))
        try:
            answer = await self._session.repeat(lambda: self._session.ask(request, expected={201, 202}), what=what)
        except (NotAuthorisedError, InputError):
            return False, None  # no right to read there, or no mounts here: then the bytes have to travel
        return answer.status == 201, None if answer.status == 201 else _location(answer, request)

    async def _upload(
        self, repository: Repository, digest: str, size: int, source: Source, *, session: URL | None
    ) -> None:
        what = f"uploading blob {digest} to {repository}"
        await check_size(source, size, what=what)
        begun, is_first, was_invalid = session, True, False

        async def attempt() -> None:
            # A session that broke is never taken up again: registries differ in what they kept of it.
            nonlocal begun, is_first, was_invalid
            if not is_first and await self._is_stored(repository, digest, size):
                return
            place = begun if begun is not None else await self._begin(repository, what=what)
            begun, is_first = None, False
            answer = await self._send(repository, digest, size, source, place=place, what=what)
            if answer.status == 400 and "DIGEST_INVALID" in answer.codes:
                await self._check_digest(source, digest, what=what, is_second=was_invalid)
                was_invalid = True
                raise TransientError(answer.summary, status=answer.status)
            if answer.status >= 400:
                raise TransientError(f"the upload was lost, {answer.summary}", status=answer.status)

        await self._session.repeat(attempt, what=what)
        await self._wait_for(repository, digest, size, what=what)

    async def _begin(self, repository: Repository, *, what: str) -> URL:
        request = self._session.request(repository, "blobs/uploads/", what=what, method="POST")
        return _location(await self._session.ask(request, expected={202}), request)

    async def _send(
        self, repository: Repository, digest: str, size: int, source: Source, *, place: URL, what: str
    ) -> Answer:
        """One PUT of the whole blob; what went wrong on our side counts, not the broken connection it caused."""
        body = Body(source, stream=self.blobs.stream, digest=digest)
        joint = "&" if place.query_string else "?"
        request = replace(
            self._session.request(repository, "", what=what, method="PUT"),
            url=URL(f"{place}{joint}digest={digest}", encoded=True),
            headers={"Content-Type": "application/octet-stream"},
            body=body.chunks,
            body_size=size,
        )
        try:
            answer = await self._session.ask(request, expected={201, 204, 400, 404, 416})
        except TransientError:
            body.raise_own_failure()
            raise
        is_known = answer.status < 300 or answer.has_lost_session or "DIGEST_INVALID" in answer.codes
        if not is_known:
            raise failure(answer, what=what)
        return answer

    async def _check_digest(self, source: Source, digest: str, *, what: str, is_second: bool) -> None:
        """Whose fault is it that the registry finds another digest? Raises unless it is worth another try."""
        ours = await digest_of_source(source)
        if ours not in {None, digest}:
            raise InputError(f"{what}: the local content is {ours}; it was changed or is damaged, build it again")
        if is_second:
            raise ContractBrokenError(f"{what}: the registry twice found another digest in content that is right here")

    async def _wait_for(self, repository: Repository, digest: str, size: int, *, what: str) -> None:
        for seconds in self._session.policy.visible_after_seconds:
            await self._session.policy.sleep(seconds)
            if await self._is_stored(repository, digest, size):
                return
        raise ContractBrokenError(f"{what}: the registry accepted it but does not show it; its storage may be full")

    async def _is_stored(self, repository: Repository, digest: str, size: int) -> bool:
        found = await self.blobs.size(repository, digest)
        if found not in {None, -1, size}:
            raise ContractBrokenError(
                f"{repository}: holds {found} bytes as {digest}, expected {size}; "
                "the registry's copy is damaged, ask who runs it to remove it"
            )
        return found is not None


def _location(answer: Answer, request: Request) -> URL:
    """Where an upload goes on; only to where the registry's own protection reaches."""
    location = answer.headers.get("location", "")
    if not location:
        raise ContractBrokenError(f"{request.what}: the registry does not say where to upload to")
    return redirection(request.url, {}, location, what=request.what)[0]
