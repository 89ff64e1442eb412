"""When a registry got a layer, as far as it says."""

import datetime as dt
from dataclasses import replace
from email.utils import parsedate_to_datetime

from yarl import URL

from orchestrator.errors import OrchestratorError
from orchestrator.model.oci import Descriptor
from orchestrator.model.references import Repository
from orchestrator.tools.registry.answers import Answer, failure, redacted
from orchestrator.tools.registry.http import Request, Transport
from orchestrator.tools.registry.retry import TransientError
from orchestrator.tools.registry.session import Session

_ANY_STATUS = range(600)


class Dates:
    """Asks for dates by HEAD, so that no layer travels."""

    def __init__(self, session: Session, transport: Transport) -> None:
        self._session = session
        self._transport = transport

    async def of(self, repository: Repository, layer: Descriptor) -> dt.datetime | None:
        """`Last-Modified` in UTC; None where it is not said. A foreign layer is looked at where its first URL leads."""
        if layer.is_foreign and layer.urls:
            return await self._elsewhere(layer.urls[0])
        return await self._here(repository, layer.digest)

    async def _here(self, repository: Repository, digest: str) -> dt.datetime | None:
        what = f"asking for the date of blob {digest} in {repository}"
        # A registry that keeps its blobs elsewhere redirects there, and only that place knows the date.
        request = replace(self._session.request(repository, f"blobs/{digest}", what=what, method="HEAD"), follow=True)

        async def attempt() -> dt.datetime | None:
            answer = await self._session.ask(request, expected=_ANY_STATUS)
            if answer.status == 429 or answer.status >= 500:
                raise failure(answer, what=what)
            return _date(answer)

        return await self._session.repeat(attempt, what=what)

    async def _elsewhere(self, text: str) -> dt.datetime | None:
        """One attempt: the server is none of ours, and what it does not say is left out."""
        try:
            url = URL(text)
        except ValueError:
            return None
        if url.scheme not in {"http", "https"} or url.user or not url.host:
            return None
        request = Request(what=f"looking at {redacted(text)}", method="HEAD", url=url, registry="", follow=True)
        try:
            return _date(await self._transport.send(request))
        except (TransientError, OrchestratorError):
            return None


def _date(answer: Answer) -> dt.datetime | None:
    if answer.status != 200:
        return None
    try:
        found = parsedate_to_datetime(answer.headers.get("last-modified", ""))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
