"""Lists that a registry gives in pages."""

from collections.abc import AsyncGenerator, Container
from dataclasses import replace

from yarl import URL

from orchestrator.errors import ContractBrokenError
from orchestrator.tools.registry.answers import Answer, failure, next_page
from orchestrator.tools.registry.http import Request
from orchestrator.tools.registry.session import Session

_MAX_PAGES = 10_000
_NOT_FOUND = 404


async def pages(
    request: Request, *, session: Session, absent: Container[int] = frozenset()
) -> AsyncGenerator[Answer, None]:
    """Every page of a list, from the one that is asked for; ContractBrokenError where the list goes round in circles.

    The first page may be a 404 of the registry's own, or one of the further statuses by which it says `absent`.
    """
    asked: set[URL] = set()
    while request.url not in asked and len(asked) < _MAX_PAGES:
        asked.add(request.url)
        answer = await _page(request, session=session, absent=absent)
        yield answer
        try:
            following = next_page(answer.headers.get("link", ""), base=request.url)
        except ValueError as error:
            raise ContractBrokenError(f"{request.what}: {error}") from error
        if following is None:
            return
        request = replace(request, url=following)
    raise ContractBrokenError(f"{request.what}: the list has no end; the registry goes round in circles")


async def _page(request: Request, *, session: Session, absent: Container[int]) -> Answer:
    async def attempt() -> Answer:
        answer = await session.ask(request, expected=range(600) if absent else {200, _NOT_FOUND})
        if answer.status == 200 or answer.is_absent or answer.status in absent:
            return answer
        raise failure(answer, what=request.what)

    return await session.repeat(attempt, what=request.what)
