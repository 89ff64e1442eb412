"""The list of a repository's tags."""

import json
from contextlib import aclosing
from dataclasses import replace

from orchestrator.errors import ContractBrokenError
from orchestrator.model.references import Repository
from orchestrator.tools.registry.answers import Answer
from orchestrator.tools.registry.pages import pages
from orchestrator.tools.registry.session import Session

_PAGE_MAX_BYTES = 32 * 1024 * 1024


async def tags(repository: Repository, *, session: Session) -> tuple[str, ...]:
    """All tags in alphabetical order, whatever the registry's order and pages; none where there is no repository."""
    what = f"listing the tags of {repository}"
    request = replace(session.request(repository, "tags/list", what=what), max_bytes=_PAGE_MAX_BYTES)
    found: set[str] = set()
    async with aclosing(pages(request, session=session)) as answers:
        async for answer in answers:
            found.update(_names(answer, what=what))
    return tuple(sorted(found))


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
