"""The list of a repository's tags."""

import json
from dataclasses import replace

from yarl import URL

from orchestrator.errors import ContractBrokenError
from orchestrator.model.references import Repository
from orchestrator.tools.registry.answers import Answer, failure, next_page
from orchestrator.tools.registry.http import Request
from orchestrator.tools.registry.session import Session

_PAGE_MAX_BYTES = 32 * 1024 * 1024
_MAX_PAGES = 10_000


async def tags(repository: Repository, *, session: Session) -> tuple[str, ...]:
    """All tags in alphabetical order, whatever the registry's order and pages; none where there is no repository."""
    what = f"listing the tags of {repository}"
    request = replace(session.request(repository, "tags/list", what=what), max_bytes=_PAGE_MAX_BYTES)
    found: set[str] = set()
    asked: set[URL] = set()
    while request.url not in asked and len(asked) < _MAX_PAGES:
        asked.add(request.url)
        answer = await _page(request, session=session)
        found.update(_names(answer, what=what))
        try:
            following = next_page(answer.headers.get("link", ""), base=request.url)
        except ValueError as error:
            raise ContractBrokenError(f"{what}: {error}") from error
        if following is None:
            return tuple(sorted(found))
        request = replace(request, url=following)
    raise ContractBrokenError(f"{what}: the list has no end; the registry goes round in circles")


async def _page(request: Request, *, session: Session) -> Answer:
    async def attempt() -> Answer:
        answer = await session.ask(request, expected={200, 404})
        if answer.status == 404 and not answer.is_absent:
            raise failure(answer, what=request.what)
        return answer

    return await session.repeat(attempt, what=request.what)


def _names(answer: Answer, *, what: str) -> list[str]:
    if answer.is_absent:
        return []
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        document = None
    names = document.get("tags") if isinstance(document, dict) else ()
    if names is None:  # as programs in Go write an empty list
        return []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ContractBrokenError(f"{what}: the answer is no list of tags")
    return names
