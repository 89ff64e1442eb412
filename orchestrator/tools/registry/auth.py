"""Answers a registry's challenges: passwords and tokens, each shown only where it belongs."""

import asyncio
import base64
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace

import aiohttp
from yarl import URL

from orchestrator.errors import ContractBrokenError, NotAuthorisedError
from orchestrator.tools.registry.answers import Answer, failure, redacted
from orchestrator.tools.registry.challenges import (
    Challenge,
    challenges,
    chosen,
    distrust,
    may_ask_anonymously,
    own_scopes,
)
from orchestrator.tools.registry.credentials import Credential, Credentials
from orchestrator.tools.registry.endpoints import Endpoints, is_loopback
from orchestrator.tools.registry.http import Request, Transport
from orchestrator.tools.registry.retry import Policy

_REFRESHES = 2
_UNAUTHORISED = 401
# Where a token server does not say how long a token lives:
# https://distribution.github.io/distribution/spec/auth/token/#token-response-fields
_DEFAULT_LIFE_SECONDS = 60.0
_LIFE_USED = 0.9


@dataclass(frozen=True, slots=True)
class _Token:
    header: str = field(repr=False)
    until: float


class Authoriser:
    """Sends requests as whom the credentials say we are; one token for each set of scopes, refreshed by one task."""

    def __init__(
        self,
        transport: Transport,
        *,
        credentials: Credentials,
        endpoints: Endpoints,
        token_hosts: Mapping[str, frozenset[str]],
        policy: Policy,
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self._endpoints = endpoints
        self._token_hosts = token_hosts
        self._policy = policy
        self._challenges: dict[str, Challenge] = {}
        self._known: dict[str, Credential | None] = {}
        self._tokens: dict[tuple[str, tuple[str, ...]], _Token] = {}
        self._locks: defaultdict[tuple[str, ...], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def send(self, request: Request) -> Answer:
        """Send a request and read the whole answer; raises NotAuthorisedError after two tokens that were refused."""
        async with self.open(request) as response:
            return await self.read(response, request)

    async def read(self, response: aiohttp.ClientResponse, request: Request) -> Answer:
        """The rest of an answer that is open."""
        return await self._transport.read(response, request)

    @contextlib.asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and hand on the answer while it comes."""
        base = self._endpoints.base(request.registry)
        if request.url.origin() != base.origin():
            # Where a registry sends us for an upload, it gave the right to it within the URL.
            async with self._transport.open(request) as response:
                yield response
            return
        challenge, refused = self._challenges.get(request.registry), ""
        for _ in range(_REFRESHES + 1):
            # Nothing is shown before the registry has asked for it.
            header = await self._header(request, challenge, refused=refused) if challenge else ""
            signed = replace(request, headers={**request.headers, "Authorization": header}) if header else request
            async with self._transport.open(signed) as response:
                if response.status != _UNAUTHORISED or response.url.origin() != base.origin():
                    if challenge is not None:
                        self._challenges[request.registry] = challenge
                    yield response
                    return
                answer = await self.read(response, request)
            challenge, refused = _offered(request, answer, refused=header), header
        raise NotAuthorisedError(
            f"{request.what}: {request.registry} refuses its own token for {' '.join(request.scopes)}; "
            "check the rights of the account"
        )

    async def _header(self, request: Request, challenge: Challenge, *, refused: str) -> str:
        if challenge.scheme == "basic":
            return await self._password(request)
        return await self._token(request, challenge, refused=refused)

    async def _password(self, request: Request) -> str:
        base = self._endpoints.base(request.registry)
        credential = await self._credential(request.registry)
        if credential is None or not credential.username:
            raise NotAuthorisedError(
                f"{request.what}: {request.registry} asks for a login; run `docker login {request.registry}`"
            )
        if base.scheme == "http" and not is_loopback(base.host or ""):
            raise NotAuthorisedError(
                f"{request.what}: {request.registry} asks for a password over plain http, where anybody may read it"
            )
        return _basic(credential)

    async def _token(self, request: Request, challenge: Challenge, *, refused: str) -> str:
        scopes = request.scopes
        if refused:
            more = own_scopes(challenge.parameters.get("scope", ""), wanted=scopes)
            scopes = tuple(dict.fromkeys((*scopes, *more)))
        key = (request.registry, scopes)
        async with self._locks[(request.registry, *scopes)]:
            token = self._tokens.get(key)
            if token is None or token.header == refused or token.until <= self._policy.clock():
                token = self._tokens[key] = await self._fetch(request, challenge, scopes=scopes)
            return token.header

    async def _fetch(self, request: Request, challenge: Challenge, *, scopes: tuple[str, ...]) -> _Token:
        credential = await self._credential(request.registry)
        realm = self._realm(request, challenge, is_known=credential is not None)
        asked = self._policy.clock()
        answer = await self._transport.send(
            _token_request(request, realm, challenge, scopes=scopes, credential=credential)
        )
        if answer.status in {400, 401, 403}:
            whom = "the credentials of Docker's configuration" if credential else "anybody without credentials"
            raise NotAuthorisedError(
                f"{request.what}: {request.registry} gives {whom} no token for {' '.join(scopes)}, {answer.summary}; "
                f"run `docker login {request.registry}` with an account that has the right"
            )
        if answer.status != 200:
            raise failure(answer, what=f"{request.what}: token from {realm.authority}")
        value, life = _granted(answer, what=f"{request.what}: token from {realm.authority}")
        return _Token(f"Bearer {value}", asked + life * _LIFE_USED)

    def _realm(self, request: Request, challenge: Challenge, *, is_known: bool) -> URL:
        try:
            realm = URL(challenge.parameters.get("realm", ""))
        except ValueError:
            realm = URL()
        base = self._endpoints.base(request.registry)
        more = self._token_hosts.get(request.registry, frozenset())
        doubt = distrust(realm, registry=request.registry, base=base, more_hosts=more)
        if doubt is None or (not is_known and may_ask_anonymously(realm)):
            return realm
        raise NotAuthorisedError(
            f"{request.what}: {request.registry} sends us to {redacted(str(realm))!r} for a token; {doubt}, "
            "so nothing was sent there"
        )

    async def _credential(self, registry: str) -> Credential | None:
        async with self._locks[(registry,)]:
            if registry not in self._known:
                self._known[registry] = await self._credentials.of(registry)
            return self._known[registry]


def _offered(request: Request, answer: Answer, *, refused: str) -> Challenge:
    """The way to log in that a 401 names; raises NotAuthorisedError when there is none left to try."""
    challenge = chosen(challenges(answer.headers.get("www-authenticate", "")))
    if challenge is None:
        raise NotAuthorisedError(
            f"{request.what}: refused, {answer.summary}; the registry names no way to log in that we know"
        )
    if challenge.scheme == "basic" and refused.startswith("Basic "):
        raise NotAuthorisedError(
            f"{request.what}: {request.registry} refuses the credentials of Docker's configuration; "
            f"run `docker login {request.registry}`"
        )
    return challenge


def _basic(credential: Credential) -> str:
    return f"Basic {base64.b64encode(f'{credential.username}:{credential.password}'.encode()).decode()}"


def _token_request(
    request: Request, realm: URL, challenge: Challenge, *, scopes: tuple[str, ...], credential: Credential | None
) -> Request:
    """https://distribution.github.io/distribution/spec/auth/token/ and, with an identity token, .../auth/oauth/."""
    service = challenge.parameters.get("service", "")
    bare = Request(what=f"{request.what}: token", method="GET", url=realm, registry=request.registry)
    if credential is not None and credential.identity_token:
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": "orchestrator",
            "scope": " ".join(scopes),
            "refresh_token": credential.identity_token,
        }
        body = URL.build(query=form).raw_query_string.encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return replace(bare, method="POST", headers=headers, body=body, body_size=len(body))
    url = realm.extend_query([("service", service)] if service else []).extend_query([("scope", s) for s in scopes])
    return replace(bare, url=url, headers={"Authorization": _basic(credential)} if credential else {})


def _granted(answer: Answer, *, what: str) -> tuple[str, float]:
    """The token in an answer, and for how many seconds it is good."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        document = None
    facts = document if isinstance(document, dict) else {}
    value = facts.get("token") or facts.get("access_token")
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise ContractBrokenError(f"{what}: the answer holds no token; expected JSON with `token` or `access_token`")
    life = facts.get("expires_in")
    return value, float(life) if isinstance(life, int) and life > 0 else _DEFAULT_LIFE_SECONDS
