"""Blobs in a registry, read so that they are proven."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import aiohttp

from orchestrator.errors import ContractBrokenError, InputError
from orchestrator.model.oci import digest_of
from orchestrator.model.references import Repository, is_digest
from orchestrator.tools.registry.answers import failure
from orchestrator.tools.registry.http import Request
from orchestrator.tools.registry.kept import Kept
from orchestrator.tools.registry.retry import Cause, TransientError, attempts
from orchestrator.tools.registry.session import Session

_CHUNK_BYTES = 1024 * 1024


class Blobs:
    """Reads blobs."""

    def __init__(self, session: Session, kept: Kept | None = None) -> None:
        self._session = session
        self._kept = kept

    async def size(self, repository: Repository, digest: str) -> int | None:
        """How many bytes the registry says a blob has, -1 where it does not say; None where there is no such blob."""
        what = f"looking for blob {digest} in {repository}"
        request = self._request(repository, digest, what=what, method="HEAD")

        async def attempt() -> int | None:
            # A redirect leads to the bytes, so there are some; an answer to HEAD has no body that could tell a 404 from
            # another, and a blob that is wrongly taken to be absent is only uploaded again.
            answer = await self._session.ask(request, expected={200, 301, 302, 303, 307, 308, 404})
            if answer.status == 404:
                return None
            length = answer.headers.get("content-length", "")
            return int(length) if answer.status == 200 and length.isdigit() else -1

        return await self._session.repeat(attempt, what=what)

    async def read(self, repository: Repository, digest: str, *, max_bytes: int) -> bytes:
        """The whole blob, proven by its digest; ContractBrokenError when it is longer than `max_bytes` or not there.

        What was kept is taken without a question: it is no other content, and what names it was asked for.
        """
        what = f"reading blob {digest} of {repository}"
        kept = await self._kept.blob(digest) if self._kept is not None else None
        if kept is not None and len(kept) <= max_bytes:
            return kept

        async def attempt() -> bytes:
            content = bytearray()
            async with aclosing(self._chunks(repository, digest, what=what, start=0)) as chunks:
                async for chunk in chunks:
                    content += chunk
                    if len(content) > max_bytes:
                        raise ContractBrokenError(f"{what}: longer than the {max_bytes} bytes that it may have")
            found = digest_of(bytes(content))
            if found != digest:
                raise TransientError(f"got {len(content)} bytes of {found}", cause=Cause.WRONG_CONTENT)
            return bytes(content)

        content = await self._session.repeat(attempt, what=what)
        if self._kept is not None:
            await self._kept.keep_blob(digest, content)
        return content

    async def stream(self, repository: Repository, digest: str) -> AsyncGenerator[bytes, None]:
        """The blob in pieces, taken up again where a connection broke.

        Only the end proves it: raises ContractBrokenError after the last piece when the digest is another.
        """
        what = f"reading blob {digest} of {repository}"
        found = hashlib.sha256()
        size = 0
        async for attempt in attempts(what=what, policy=self._session.policy):
            with attempt:
                async with aclosing(self._chunks(repository, digest, what=what, start=size)) as chunks:
                    async for chunk in chunks:
                        found.update(chunk)
                        size += len(chunk)
                        yield chunk
        if f"sha256:{found.hexdigest()}" != digest:
            raise ContractBrokenError(f"{what}: got {size} bytes of sha256:{found.hexdigest()}")

    async def _chunks(
        self, repository: Repository, digest: str, *, what: str, start: int
    ) -> AsyncGenerator[bytes, None]:
        """One attempt to read a blob from its `start`-th byte to its end."""
        request = replace(self._request(repository, digest, what=what), follow=True)
        if start:
            request = replace(request, headers={"Range": f"bytes={start}-"})
        async with self._session.open(request) as response:
            if start and response.status == 416:
                return  # the connection broke after the last byte
            if response.status not in {200, 206}:
                answer = await self._session.read(response, request)
                if answer.is_absent:
                    raise ContractBrokenError(f"{what}: the repository does not have it")
                raise failure(answer, what=what)
            skip = start if response.status == 200 else 0
            async for chunk in self._in_time(response):
                kept = chunk[skip:]
                skip = max(0, skip - len(chunk))
                if kept:
                    yield kept

    async def _in_time(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """A body as it comes, unless it only trickles; the time that the reader takes for a piece does not count."""
        policy = self._session.policy
        received, spent, began = 0, 0.0, policy.clock()
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            spent += policy.clock() - began
            received += len(chunk)
            if spent > policy.seconds_for(received):
                raise TransientError(f"only {received} bytes came in {spent:.0f} s")
            yield chunk
            began = policy.clock()

    def _request(self, repository: Repository, digest: str, *, what: str, method: str = "GET") -> Request:
        if not is_digest(digest):
            raise InputError(f"{what}: {digest!r} is not a sha256 digest")
        return self._session.request(repository, f"blobs/{digest}", what=what, method=method)
