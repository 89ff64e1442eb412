"""What every question to a registry goes through: its address, its rights, and the retry policy."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Sequence
from typing import TypeVar

import aiohttp
from yarl import URL

from orchestrator.errors import InputError
from orchestrator.model.references import Repository, is_registry, is_repository_path
from orchestrator.tools.registry.answers import Answer, failure
from orchestrator.tools.registry.auth import Authoriser
from orchestrator.tools.registry.endpoints import Endpoints
from orchestrator.tools.registry.http import Request
from orchestrator.tools.registry.retry import Policy, repeat

T = TypeVar("T")


class Session:
    """Asks registries; one for a run, shared by everything that reads and writes."""

    def __init__(self, authoriser: Authoriser, *, endpoints: Endpoints, policy: Policy) -> None:
        self.policy = policy
        self._authoriser = authoriser
        self._endpoints = endpoints

    def request(
        self,
        repository: Repository,
        path: str,
        *,
        what: str,
        method: str = "GET",
        reads_from: Sequence[Repository] = (),
    ) -> Request:
        """A request about `path` below a repository; whatever is neither GET nor HEAD asks for the right to push."""
        if not is_registry(repository.registry) or not is_repository_path(repository.path):
            raise InputError(f"{what}: {str(repository)!r} is not a repository; write it like ghcr.io/owner/name")
        base = self._endpoints.base(repository.registry)
        rights = "pull" if method in {"GET", "HEAD"} else "pull,push"
        return Request(
            what=what,
            method=method,
            url=URL(f"{base}{repository.path}/{path}", encoded=True),
            registry=repository.registry,
            scopes=(
                f"repository:{repository.path}:{rights}",
                *(f"repository:{other.path}:pull" for other in reads_from if other != repository),
            ),
        )

    async def ask(self, request: Request, *, expected: Container[int]) -> Answer:
        """One attempt; raises what every answer means that is not expected, TransientError if it may go away."""
        answer = await self._authoriser.send(request)
        if answer.status in expected:
            return answer
        raise failure(answer, what=request.what)

    @contextlib.asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """One attempt whose answer is read while it comes."""
        async with self._authoriser.open(request) as response:
            yield response

    async def read(self, response: aiohttp.ClientResponse, request: Request) -> Answer:
        """The rest of an answer that is open."""
        return await self._authoriser.read(response, request)

    async def repeat(self, operation: Callable[[], Awaitable[T]], *, what: str) -> T:
        """Call `operation`, made of single attempts, until it succeeds or the policy says that it is enough."""
        return await repeat(operation, what=what, policy=self.policy)
