"""A proxy before a real registry that lets chosen requests go wrong in chosen ways.

In a test: `async with FaultProxy("127.0.0.1:5000") as proxy: proxy.rules = [Rule(method="PUT", status=503, times=2)]`.
For another process: `python -m tests.faultproxy 127.0.0.1:5001 127.0.0.1:5000`, then `PUT /__fault/rules` with the
fields of `Rule` as JSON, `GET /__fault/seen`.
"""

import asyncio
import base64
import hashlib
import io
import json
import random
import re
import secrets
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from yarl import URL

from tests.fault_rules import Allowance, Bearer, Rule, Seen

_ONE_HOP = frozenset({"connection", "keep-alive", "te", "transfer-encoding", "upgrade", "content-length", "host"})
_MANIFEST = re.compile(r"/v2/(?P<repository>.+)/manifests/(?P<name>[^/]+)")
_REPOSITORY = re.compile(r"/v2/(.+)/(?:manifests|blobs|tags|referrers)/")
_MANIFEST_TYPES = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_FOREVER_SECONDS = 3600.0
_MAX_BODY_BYTES = 1 << 30


@dataclass(slots=True)
class _Upstream:
    status: int
    headers: dict[str, str]
    body: bytes


class FaultProxy:
    """Listens on loopback; `rules` may be replaced at any time, which also forgets what was counted."""

    def __init__(self, upstream: str, *, port: int = 0, bearer: Bearer | None = None, seed: int = 1) -> None:
        self.address = f"127.0.0.1:{port}"
        self.bearer = bearer
        self.conditional_writes = False
        """Whether tags are written under If-Match and If-None-Match, which few registries heed."""
        self.allowance: Allowance | None = None
        self.seen: list[Seen] = []
        self._upstream = upstream
        self._port = port
        self.random = random.Random(seed)
        """What decides whether a rule with a chance applies."""
        self._rules: list[Rule] = []
        self._counts: list[int] = []
        self._stale: dict[tuple[str, str], list[_Upstream]] = {}
        self._tokens: dict[str, float] = {}
        self._writing = asyncio.Lock()

    @property
    def rules(self) -> Sequence[Rule]:
        return self._rules

    @rules.setter
    def rules(self, rules: Sequence[Rule]) -> None:
        self._rules = list(rules)
        self._counts = [0] * len(self._rules)
        self._stale.clear()

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(
            auto_decompress=False, connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        )
        application = web.Application(client_max_size=_MAX_BODY_BYTES)
        application.router.add_route("*", "/{path:.*}", self._handle)
        # Hanging on purpose must not keep the test from ending.
        self._runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self.address = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()
        await self._runner.cleanup()

    def requests(self, method: str = ".*", path: str = "") -> list[Seen]:
        """What came in, in order."""
        return [seen for seen in self.seen if re.fullmatch(method, seen.method) and re.search(path, seen.path)]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/__fault/"):
            return await self._control(request)
        began = asyncio.get_running_loop().time()
        status = 0
        try:
            response = await self._answer(request)
            status = response.status
        except _BrokenError:
            response = _break(request)
        finally:
            authorization = request.headers.get("Authorization", "").partition(" ")[0]
            accept = request.headers.get("Accept", "")
            self.seen.append(
                Seen(began, request.method, request.path, request.query_string, authorization, accept, status)
            )
        return response

    async def _control(self, request: web.Request) -> web.Response:
        if request.method == "PUT":
            self.rules = [Rule(**rule) for rule in await request.json()]
        if request.method == "DELETE":
            self.seen.clear()
        return web.json_response([asdict(seen) for seen in self.seen])

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.allowance is not None and not self.allowance.takes(asyncio.get_running_loop().time()):
            return web.json_response({"errors": [{"code": "TOOMANYREQUESTS"}]}, status=429)
        rule = self._applying(request) or Rule()
        if self.bearer is not None and not rule.status and (refusal := self._checked(request, self.bearer)):
            return refusal
        await asyncio.sleep(rule.delay)
        if rule.hang:
            await asyncio.sleep(_FOREVER_SECONDS)
        if rule.reset:
            raise _BrokenError
        if rule.status is not None:
            headers = {"Content-Type": "application/json", **rule.headers}
            return web.Response(status=rule.status, headers=headers, body=rule.body.encode())
        if rule.cut_request is not None:
            await self._cut(request, rule.cut_request)
            raise _BrokenError
        found = self._remembered(request) or await self._pass_on(request, rule)
        if rule.hang_after:
            await asyncio.sleep(_FOREVER_SECONDS)
        if rule.reset_after:
            raise _BrokenError
        return await _reply(request, found, rule)

    def _applying(self, request: web.Request) -> Rule | None:
        for position, rule in enumerate(self._rules):
            if not rule.matches(request):
                continue
            self._counts[position] += 1
            nth = self._counts[position] - rule.skip
            is_due = nth > 0 and (rule.times is None or nth <= rule.times)
            if is_due and self.random.random() < rule.chance:
                return rule
        return None

    def _checked(self, request: web.Request, bearer: Bearer) -> web.Response | None:
        """The answer of the token server, or a challenge; None where a good token was shown."""
        now = asyncio.get_running_loop().time()
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        if request.path == "/__token":
            wanted = base64.b64encode(f"{bearer.user}:{bearer.password}".encode()).decode()
            if bearer.user and shown != wanted:
                return web.json_response({"errors": [{"code": "UNAUTHORIZED"}]}, status=401)
            token = secrets.token_urlsafe()
            self._tokens[token] = now + bearer.life
            granted = {"token": token, "expires_in": bearer.claimed_life}
            return web.json_response({**granted, "issued_at": bearer.issued_at} if bearer.issued_at else granted)
        if scheme == "Bearer" and self._tokens.get(shown, 0) > now:
            return None
        repository = _REPOSITORY.match(request.path)
        scope = f',scope="repository:{repository[1]}:pull,push"' if repository else ""
        challenge = f'Bearer realm="http://{self.address}/__token",service="fault"{scope}'
        errors = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}
        return web.json_response(errors, status=401, headers={"WWW-Authenticate": challenge})

    def _remembered(self, request: web.Request) -> _Upstream | None:
        """What a read gets that must not see a write yet."""
        found = _MANIFEST.fullmatch(request.path)
        if found is None or request.method not in {"GET", "HEAD"}:
            return None
        waiting = self._stale.get((found["repository"], found["name"]))
        return waiting.pop() if waiting else None

    async def _pass_on(self, request: web.Request, rule: Rule) -> _Upstream:
        manifest = _MANIFEST.fullmatch(request.path)
        if manifest is None or request.method != "PUT":
            return await self._ask(request)
        async with self._writing:
            before = await self._current(request)
            if self.conditional_writes and not _may_write(request, before):
                return _error(412, "PRECONDITION_FAILED")
            after = await self._ask(request)
        if after.status == 201:
            digest = f"sha256:{hashlib.sha256(await request.read()).hexdigest()}"
            missing = [_error(404, "MANIFEST_UNKNOWN")] * rule.absent
            for name in {manifest["name"], digest} if missing else {manifest["name"]}:
                self._stale[manifest["repository"], name] = missing or [before] * rule.stale
        return after

    async def _ask(self, request: web.Request) -> _Upstream:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _ONE_HOP}
        if self.bearer is not None:
            headers.pop("Authorization", None)
        # The registry must believe that it is reached here, so that it sends those who upload here again.
        headers["Host"] = request.headers.get("Host", self._upstream)
        url = URL(f"http://{self._upstream}{request.raw_path}", encoded=True)
        return await self._exchange(request.method, url, headers, await request.read())

    async def _current(self, request: web.Request) -> _Upstream:
        url = URL(f"http://{self._upstream}{request.raw_path}", encoded=True)
        return await self._exchange("GET", url, {"Accept": _MANIFEST_TYPES}, b"")

    async def _exchange(self, method: str, url: URL, headers: Mapping[str, str], body: bytes) -> _Upstream:
        async with self._client.request(
            method, url, headers=headers, data=io.BytesIO(body) if body else None, allow_redirects=False
        ) as response:
            one_hop = _ONE_HOP - ({"content-length"} if method == "HEAD" else set())
            kept = {name: value for name, value in response.headers.items() if name.lower() not in one_hop}
            return _Upstream(response.status, kept, await response.read())

    async def _cut(self, request: web.Request, count: int) -> None:
        body = await request.read()
        head = [f"{request.method} {request.raw_path} HTTP/1.1", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in request.headers.items() if name.lower() != "content-length"]
        host, _, port = self._upstream.rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write("\r\n".join((*head, "", "")).encode() + body[:count])
            await writer.drain()
            await asyncio.sleep(0.2)  # so that the registry has read it before the connection is gone
        finally:
            # A client that hangs up meanwhile ends this early.
            _reset(writer.transport)


class _BrokenError(Exception):
    """The connection is to break here."""


def _break(request: web.Request) -> web.Response:
    if request.transport is not None:
        _reset(request.transport)
    return web.Response()


def _reset(transport: asyncio.BaseTransport) -> None:
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _may_write(request: web.Request, before: _Upstream) -> bool:
    digest = before.headers.get("Docker-Content-Digest") if before.status == 200 else None
    wanted = request.headers.get("If-Match", "").strip('"')
    return (not wanted or wanted == digest) and (request.headers.get("If-None-Match") != "*" or digest is None)


def _error(status: int, code: str) -> _Upstream:
    body = json.dumps({"errors": [{"code": code, "message": "made to fail"}]}).encode()
    return _Upstream(status, {"Content-Type": "application/json"}, body)


async def _reply(request: web.Request, found: _Upstream, rule: Rule) -> web.StreamResponse:
    replaced = {name.lower() for name in rule.set_headers}
    headers = {name: value for name, value in found.headers.items() if name.lower() not in replaced}
    headers.update({name: value for name, value in rule.set_headers.items() if value is not None})
    body = bytearray(found.body)
    if rule.corrupt is not None and rule.corrupt < len(body):
        body[rule.corrupt] ^= 1
    if request.method == "HEAD" or (rule.truncate is None and rule.drip is None):
        return web.Response(
            status=found.status, headers=headers, body=None if request.method == "HEAD" else bytes(body)
        )
    response = web.StreamResponse(status=found.status, headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    size, seconds = rule.drip or (len(body) or 1, 0.0)
    for start in range(0, len(body) if rule.truncate is None else rule.truncate, size):
        end = min(start + size, len(body) if rule.truncate is None else rule.truncate)
        await response.write(bytes(body[start:end]))
        await asyncio.sleep(seconds)
    if rule.truncate is not None:
        await asyncio.sleep(0.05)  # so that what was written is read before the connection is gone
        raise _BrokenError
    return response


async def _serve(arguments: Sequence[str]) -> None:
    listen, upstream = arguments
    async with FaultProxy(upstream, port=int(listen.rpartition(":")[2])) as proxy:
        print(proxy.address, flush=True)
        await asyncio.sleep(_FOREVER_SECONDS)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1:]))
