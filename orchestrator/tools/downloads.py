"""Downloads files over HTTP, with the same patience and the same limits as the registry client."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Protocol

import aiohttp
from yarl import URL

from orchestrator.errors import ContractBrokenError, InputError, UnavailableError
from orchestrator.tools.registry.answers import redacted, retry_after
from orchestrator.tools.registry.endpoints import is_loopback
from orchestrator.tools.registry.http import Request, Transport, lowered
from orchestrator.tools.registry.network import Network
from orchestrator.tools.registry.retry import Cause, Policy, TransientError, repeat

MAX_BYTES = 2 * 1024**3
TOTAL_SECONDS = 1800.0
"""How long one attempt may take, however steadily it goes on."""

_CHUNK_BYTES = 1024 * 1024
_ABSENT = frozenset({404, 410})
_BUSY = frozenset({408, 425, 429})


class Download(Protocol):
    """Gets what a URL names."""

    async def __call__(self, url: str, *, into: Path, is_verified: bool) -> str | None:
        """Write the content to a file; returns its sha256 in hexadecimal, or None where the URL names nothing.

        Raises UnavailableError when it cannot be had now, InputError for a URL that must not be used,
        ContractBrokenError for an answer without end, OSError when the file cannot be written.
        """


@contextlib.asynccontextmanager
async def downloads(
    policy: Policy | None = None, *, max_bytes: int = MAX_BYTES, network: Network | None = None
) -> AsyncIterator[Download]:
    """The real thing; connections stay open until the block ends."""
    patience = policy or Policy()
    unreachable: dict[str, str] = {}
    async with Transport(patience, network) as transport:

        async def download(url: str, *, into: Path, is_verified: bool) -> str | None:
            what, place = redacted(url), URL(url)
            check_is_trusted(place, what=what, is_verified=is_verified)
            if place.authority in unreachable:
                # Its patience has been spent on the first file; the others need not wait as long again.
                raise UnavailableError(f"{what}: {unreachable[place.authority]}")
            request = Request(what=what, method="GET", url=place, registry="", follow=True, max_bytes=max_bytes)
            try:
                return await repeat(partial(_attempt, request, into, transport), what=what, policy=patience)
            except UnavailableError as error:
                if isinstance(cause := error.__cause__, TransientError) and cause.cause is Cause.UNREACHABLE:
                    unreachable[place.authority] = cause.reason
                raise

        yield download


def check_is_trusted(url: URL, *, what: str, is_verified: bool) -> None:
    """Raise InputError for a place whose content nothing vouches for."""
    # Without a checksum, https is all that says whose content it is.
    if not (is_verified or url.scheme == "https" or is_loopback(url.host or "")):
        raise InputError(f"{what}: there is no checksum for it, so it must come by https")


async def _attempt(request: Request, into: Path, transport: Transport) -> str | None:
    # The time limit stands inside, so that running out of it is translated like any other broken connection.
    async with transport.open(request) as response, asyncio.timeout(TOTAL_SECONDS):
        return await _written(response, into, request) if is_there(response, what=request.what) else None


def is_there(response: aiohttp.ClientResponse, *, what: str) -> bool:
    """Whether an answer brings what was asked for, False where that does not exist.

    Raises TransientError for what may go away, UnavailableError for a refusal.
    """
    if response.status in _ABSENT:
        return False
    if response.status in _BUSY or response.status >= 500:
        raise TransientError(f"status {response.status}", status=response.status, wait=retry_after(lowered(response)))
    if response.status != 200:
        raise UnavailableError(f"{what}: refused with status {response.status}")
    return True


async def _written(response: aiohttp.ClientResponse, into: Path, request: Request) -> str:
    content = hashlib.sha256()
    size = 0
    with into.open("wb") as file:
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            size += len(chunk)
            if size > request.max_bytes:
                raise ContractBrokenError(f"{request.what}: is larger than {request.max_bytes} bytes, so it is left")
            content.update(chunk)
            file.write(chunk)
    return content.hexdigest()
