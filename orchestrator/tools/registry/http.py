"""Requests to registries as they go over the wire: one attempt each, within limits of time, size and number."""

import asyncio
import contextlib
import os
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from orchestrator import __version__
from orchestrator.errors import ContractBrokenError, InputError, NotAuthorisedError
from orchestrator.model.tls import wants_ours
from orchestrator.tools.logs import log
from orchestrator.tools.registry.answers import Answer, redacted, retry_after
from orchestrator.tools.registry.network import Network
from orchestrator.tools.registry.pace import Pace
from orchestrator.tools.registry.retry import Cause, Policy, TransientError
from orchestrator.tools.registry.trust import CERTIFICATES, folder_name

_ANSWER_MAX_BYTES = 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_MAX_HOPS = 5
_PROXY_REFUSES = 407
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `what` says for people what it is for, and leads every message about it."""

    what: str
    method: str
    url: URL
    registry: str
    """Whose credentials may be used."""
    scopes: tuple[str, ...] = ()
    """What a token must allow, such as ``repository:library/python:pull,push``."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Callable[[], AsyncIterator[bytes]] = b""
    """The whole body, or a function that begins it anew for each attempt."""
    body_size: int = 0
    follow: bool = False
    """Whether redirects are followed; true only where a blob is read, whose digest proves it."""
    max_bytes: int = _ANSWER_MAX_BYTES


class Transport:
    """Sends requests; raises TransientError for what may go away, InputError for a certificate that is not trusted."""

    def __init__(self, policy: Policy, network: Network | None = None) -> None:
        self.requests: Counter[str] = Counter()
        """How many requests went out, by method; each attempt and each redirect counts."""
        self._policy = policy
        self._network = network or Network()
        self._hosts: dict[URL, Pace] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            # Bytes must arrive as they are named by their digest, so nothing on the way may be unpacked.
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"orchestrator/{__version__}", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(
                sock_connect=self._policy.connect_seconds, sock_read=self._policy.answer_seconds
            ),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, request: Request) -> Answer:
        """Send a request and read the whole answer, as far as `max_bytes` allow."""
        async with self.open(request) as response:
            return await self.read(response, request)

    async def read(self, response: aiohttp.ClientResponse, request: Request) -> Answer:
        """The rest of an answer that is open, in the time that its size allows."""
        length = min(response.content_length or request.max_bytes, request.max_bytes)
        async with asyncio.timeout(self._policy.seconds_for(length)):
            return await _whole(response, request)

    @contextlib.asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and hand on the answer while it comes; redirects are followed when the request says so."""
        url, headers = request.url, dict(request.headers)
        for _ in range(_MAX_HOPS + 1):
            async with self._exchange(request, url=url, headers=headers) as response:
                if not (request.follow and response.status in _REDIRECTS):
                    yield response
                    return
                url, headers = redirection(url, headers, response.headers.get("Location", ""), what=request.what)
        raise ContractBrokenError(f"{request.what}: redirected more than {_MAX_HOPS} times")

    @contextlib.asynccontextmanager
    async def _exchange(
        self, request: Request, *, url: URL, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            raise RuntimeError("the registry client is used before it is opened")
        host = self._hosts.setdefault(url.origin(), Pace(self._policy))
        proxy, trusted = self._network.route(url)
        content = _flowing(request) if request.body_size else None
        sized = {**headers, "Content-Length": str(request.body_size)} if request.body_size else headers
        async with host.turn():
            self.requests[request.method] += 1
            began = self._policy.clock()
            with _translated(request, url=url, host=host):
                async with asyncio.timeout(self._policy.seconds_for(request.body_size)) as limit:
                    async with self._session.request(
                        request.method,
                        url,
                        headers=sized,
                        data=content,
                        allow_redirects=False,
                        proxy=proxy,
                        ssl=trusted,
                    ) as response:
                        # What follows is read under the time limit between two reads; how long it is, the reader knows.
                        limit.reschedule(None)
                        host.note(response.status, wait=retry_after(lowered(response)))
                        _log(request, url=url, status=response.status, seconds=self._policy.clock() - began)
                        yield response


async def _whole(response: aiohttp.ClientResponse, request: Request) -> Answer:
    """The answer with its body; raises ContractBrokenError when that is longer than the request allows."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > request.max_bytes:
            raise ContractBrokenError(f"{request.what}: the answer is longer than {request.max_bytes} bytes")
    return Answer(response.status, lowered(response), bytes(body))


def _flowing(request: Request) -> AsyncIterator[bytes]:
    """The body as a stream, which can be sent but once.

    One at rest aiohttp would by itself send again when a connection breaks, though the first may have been acted on.
    """
    return request.body() if callable(request.body) else _once(request.body)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def lowered(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Header names in lower case, repeated headers joined by commas (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


def redirection(url: URL, headers: Mapping[str, str], location: str, *, what: str) -> tuple[URL, dict[str, str]]:
    """Where a redirect leads and what may be sent there: credentials stay with their host, https stays https."""
    try:
        target = url.join(URL(location, encoded=True))
    except ValueError as error:
        raise ContractBrokenError(f"{what}: redirected to {redacted(location)!r}, which is no URL") from error
    if not location or target.scheme not in {"https", url.scheme} or target.user or not target.host:
        raise ContractBrokenError(
            f"{what}: redirected to {redacted(location)!r}; expected another place reached by {url.scheme}"
        )
    keeps = target.origin() == url.origin()
    return target, {name: value for name, value in headers.items() if keeps or name.lower() != "authorization"}


@contextlib.contextmanager
def _translated(request: Request, *, url: URL, host: Pace) -> Iterator[None]:
    where = f"{url.host_subcomponent}:{url.port}"
    try:
        with _noted(host):
            yield
    except aiohttp.ClientConnectorDNSError as error:
        raise TransientError(f"cannot reach {where}: its name is not known", cause=Cause.UNREACHABLE) from error
    except aiohttp.ClientSSLError as error:
        raise InputError(
            f"{request.what}: no trusted connection to {where}: {_reason(error)}; "
            "expected https with a certificate that this machine trusts, "
            f"or its authority's as {CERTIFICATES}/{folder_name(url)}/ca.crt"
        ) from error
    except aiohttp.ClientHttpProxyError as error:
        if error.status == _PROXY_REFUSES:
            raise NotAuthorisedError(
                f"{request.what}: the proxy before {where} refuses us; check the user and password in HTTPS_PROXY"
            ) from error
        raise TransientError(f"the proxy before {where} answered {error.status}", status=error.status) from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        # One that answered before is restarting rather than wrongly named.
        cause = Cause.BUSY if host.has_answered else Cause.UNREACHABLE
        raise TransientError(f"cannot reach {where}: {_reason(error)}", cause=cause) from error
    except (aiohttp.InvalidURL, UnicodeError) as error:
        kind = InputError if url == request.url else ContractBrokenError
        raise kind(f"{request.what}: {redacted(str(url))!r} is no URL that can be asked") from error
    except TimeoutError as error:
        raise TransientError(f"no answer from {where} in time") from error
    except aiohttp.ClientError as error:
        if wants_ours(_code(error)):
            raise NotAuthorisedError(
                f"{request.what}: {where} takes no connection without a certificate that it trusts; "
                f"put one into {CERTIFICATES}/{folder_name(url)} as client.cert, with its key as client.key"
            ) from error
        raise TransientError(f"the connection to {where} broke: {_reason(error)}") from error


@contextlib.contextmanager
def _noted(host: Pace) -> Iterator[None]:
    """Let the host's pace know of a connection that broke or never came about."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError):
        host.broke()
        raise


def _reason(error: aiohttp.ClientError) -> str:
    # The text of these errors may hold a whole URL with its secrets, so only the system's own words are shown.
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        said = error.certificate_error
        return said.verify_message if isinstance(said, ssl.SSLCertVerificationError) else "its certificate is not valid"
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number).lower() if number and number > 0 else type(error).__name__


def _log(request: Request, *, url: URL, status: int, seconds: float) -> None:
    if log.is_verbose:
        shown = redacted(str(url))
        log.debug("registry: request", method=request.method, url=shown, status=status, ms=round(seconds * 1000))


def _code(error: aiohttp.ClientError) -> str:
    """OpenSSL's name of what TLS has against a connection; empty where it has nothing against it."""
    return (isinstance(error.__cause__, ssl.SSLError) and error.__cause__.reason) or ""
