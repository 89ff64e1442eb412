"""Asks upstream for its pages, whether its files are there, and what they hash to, within limits of time and size."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from yarl import URL

from orchestrator.tools.downloads import Download, check_is_trusted, downloads, is_there
from orchestrator.tools.once import Once
from orchestrator.tools.registry.answers import redacted
from orchestrator.tools.registry.http import Request, Transport
from orchestrator.tools.registry.network import Network
from orchestrator.tools.registry.retry import Policy, repeat

PAGE_MAX_BYTES = 16 * 1024 * 1024
FILE_MAX_BYTES = 1024**3
PATIENCE = Policy(attempts=4, total_seconds=120)
"""Shorter than for builds: what cannot be had now is left for the next run."""


class Upstream(Protocol):
    """What can be asked of upstream; mirrors are not, since nothing would vouch for the checksums that they announce.

    Raises UnavailableError when it cannot be had now, InputError for a URL that is not trusted, ContractBrokenError for
    an answer without end and for a redirect that leaves https.
    """

    async def text(self, url: str) -> str | None:
        """A page or document; None where there is none."""

    async def exists(self, url: str) -> bool:
        """Whether there is such a file; it is not read."""

    async def sha256(self, url: str) -> str | None:
        """The checksum of a file in hexadecimal, which is read for it and kept nowhere; None where there is none."""


@asynccontextmanager
async def upstream(policy: Policy = PATIENCE, *, network: Network | None = None) -> AsyncIterator[Upstream]:
    """The real thing; connections stay open until the block ends."""
    async with (
        Transport(policy, network) as transport,
        downloads(policy, max_bytes=FILE_MAX_BYTES, network=network) as download,
    ):
        yield _Web(transport, policy, download)


class _Web:
    """Asks each page once, however many lines are listed there."""

    def __init__(self, transport: Transport, policy: Policy, download: Download) -> None:
        self._transport = transport
        self._policy = policy
        self._download = download
        self._pages = Once(self._page)

    async def text(self, url: str) -> str | None:
        return await self._pages(url)

    async def exists(self, url: str) -> bool:
        request = _request("HEAD", url)
        return await repeat(partial(self._exists, request), what=request.what, policy=self._policy)

    async def sha256(self, url: str) -> str | None:
        return await self._download(url, into=Path(os.devnull), is_verified=False)

    async def _page(self, url: str) -> str | None:
        request = _request("GET", url)
        return await repeat(partial(self._text, request), what=request.what, policy=self._policy)

    async def _text(self, request: Request) -> str | None:
        async with self._transport.open(request) as response:
            if not is_there(response, what=request.what):
                return None
            return (await self._transport.read(response, request)).body.decode("utf-8", "replace")

    async def _exists(self, request: Request) -> bool:
        async with self._transport.open(request) as response:
            return is_there(response, what=request.what)


def _request(method: str, url: str) -> Request:
    what, place = redacted(url), URL(url)
    check_is_trusted(place, what=what, is_verified=False)
    return Request(what=what, method=method, url=place, registry="", follow=True, max_bytes=PAGE_MAX_BYTES)
