"""What an answer of a registry means: absent, busy, refused, or out of contract."""

import errno
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeGuard

from yarl import URL

from orchestrator.errors import ContractBrokenError, InputError, NotAuthorisedError, OrchestratorError
from orchestrator.tools.registry.retry import Cause, TransientError

# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes; NOT_FOUND is Harbor's.
_ABSENT = frozenset({"MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN", "NOT_FOUND"})
_SESSION_LOST = frozenset({"BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"})
_DENIED = frozenset({"DENIED", "UNAUTHORIZED"})
# A registry may wrap these in a 500; repeating the request cannot help.
_PERMANENT = frozenset(
    {
        "DIGEST_INVALID",
        "MANIFEST_BLOB_UNKNOWN",
        "MANIFEST_INVALID",
        "MANIFEST_UNVERIFIED",
        "NAME_INVALID",
        "SIZE_INVALID",
        "TAG_INVALID",
        "UNSUPPORTED",
    }
)
_REFUSALS = {
    401: "check the account and its password",
    403: "check the rights of the account",
    405: "the registry is read-only or does not offer this",
    407: "check the user and password in HTTP_PROXY",
    409: "the tag may be protected against change",
    412: "the tag may be protected against change",
}
_BUSY_STATUSES = frozenset({404, 408, 425, 429, 499})
_MAX_QUOTED = 200
_MAX_VALUE = 32
_PUBLIC_PARAMETERS = frozenset({"digest", "from", "last", "mount", "n", "scope", "service"})
_SECRETS = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+|\b(_state|token|signature|sig|password)=[^&\s\"']+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\U00010000-\U0010ffff]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def codes(self) -> frozenset[str]:
        """The error codes in the body; empty where it is no registry's error document."""
        return frozenset(str(error["code"]) for error in self._errors if "code" in error)

    @property
    def summary(self) -> str:
        """One line for people: the status and what the registry says about it, without secrets."""
        said = [
            f"{error.get('code', '')} {error.get('message', '')} {_detail(error)}".strip() for error in self._errors
        ]
        text = "; ".join(filter(None, said)) or self.body[: 4 * _MAX_QUOTED].decode("utf-8", "replace")
        quoted = cleaned(text)
        return f"{self.status} ({quoted})" if quoted else str(self.status)

    @property
    def is_absent(self) -> bool:
        """Whether the registry says for certain that there is no such thing; a proxy's error page does not."""
        return self.status == 404 and bool(self.codes & _ABSENT)

    @property
    def has_lost_session(self) -> bool:
        """Whether an upload must begin anew."""
        return self.status == 416 or (self.status in {400, 404} and bool(self.codes & _SESSION_LOST))

    @property
    def _errors(self) -> list[dict[str, object]]:
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            return []
        errors = document.get("errors") if isinstance(document, dict) else None
        return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def failure(answer: Answer, *, what: str) -> OrchestratorError | TransientError:
    """What to raise for an answer that is none of those expected; `what` was tried and leads the message."""
    status, codes = answer.status, answer.codes
    if 300 <= status < 400:
        place = redacted(answer.headers.get("location", ""))
        return ContractBrokenError(f"{what}: redirected to {place!r} ({status}); only reading a blob may be redirected")
    if status < 300:
        return ContractBrokenError(f"{what}: answered {answer.summary}, which is no answer to this")
    if refusal := _refusal(status, codes):
        return NotAuthorisedError(f"{what}: refused, {answer.summary}; {refusal}")
    if answer.is_absent:
        return InputError(f"{what}: the registry does not know it, {answer.summary}; create the repository there first")
    # distribution 2.8.3 empties the file that says that a part is in a repository before it writes it again, so while
    # another job brings the same part it is not there for a moment.
    is_unseen = status == 400 and "MANIFEST_BLOB_UNKNOWN" in codes
    if not is_unseen and (codes & _PERMANENT or (status < 500 and status not in _BUSY_STATUSES)):
        return InputError(f"{what}: the registry does not accept it, {answer.summary}")
    cause = Cause.PARTS_UNSEEN if is_unseen else Cause.BUSY
    return TransientError(answer.summary, cause=cause, status=status, wait=retry_after(answer.headers))


def _refusal(status: int, codes: frozenset[str]) -> str | None:
    is_denied = status != 429 and bool(codes & _DENIED)
    return _REFUSALS.get(403 if is_denied else status)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that an answer asks us to wait (RFC 9110, 10.2.3); None where it does not say or makes no sense.

    A date is taken relative to the answer's own `Date`: our clock may be wrong.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        seconds = (parsedate_to_datetime(value) - parsedate_to_datetime(headers["date"])).total_seconds()
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return seconds if seconds > 0 else None


def next_page(link: str, *, base: URL) -> URL | None:
    """The page that a `Link` header (RFC 8288) names as next; raises ValueError when it leads elsewhere."""
    found = re.search(r'<([^<>]*)>\s*;[^,<]*\brel="?next"?', link)
    if not found:
        return None
    url = base.join(URL(found[1], encoded=True))
    if url.origin() != base.origin():
        raise ValueError(f"the next page is on another host, {redacted(str(url))}")
    return url


def redacted(url: str) -> str:
    """A URL for people and logs: without user, password, and the values of parameters that may be secrets."""
    try:
        parsed = URL(url)
    except ValueError:
        return cleaned(url)
    shown = [(key, value if key in _PUBLIC_PARAMETERS else "…") for key, value in parsed.query.items()]
    bare = parsed.with_user(None) if parsed.host else parsed
    query = "&".join(f"{key}={value}" for key, value in shown)
    return cleaned(str(bare.with_query(None).with_fragment(None)) + (f"?{query}" if query else ""))


def cleaned(text: str) -> str:
    """Foreign text for one line of a message: secrets and control characters gone, cut to a readable length."""
    masked = _SECRETS.sub(lambda found: f"{found[1]} …" if found[1] else f"{found[2]}=…", text)
    line = " ".join(_UNPRINTABLE.sub(" ", masked).split())
    return line if len(line) <= _MAX_QUOTED else f"{line[:_MAX_QUOTED]}…"


def _detail(error: Mapping[str, object]) -> str:
    detail = error.get("detail")
    return "" if detail in (None, {}, "") else json.dumps(_shortened(detail), ensure_ascii=False)


def _shortened(value: object) -> object:
    """A detail with room for all of it: of long texts, such as paths, only the end.

    distribution tells by number what its disk said: {"Op": "write", "Path": .., "Err": 28}.
    """
    if isinstance(value, dict):
        errors = {key: os.strerror(number).lower() for key, number in value.items() if _is_errno(key, number)}
        return {key: errors.get(key) or _shortened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shortened(inner) for inner in value]
    return f"…{value[-_MAX_VALUE:]}" if isinstance(value, str) and len(value) > _MAX_VALUE else value


def _is_errno(key: str, value: object) -> TypeGuard[int]:
    return key == "Err" and isinstance(value, int) and value in errno.errorcode
