"""What can go wrong between us and a registry, as values that tests give to the proxy in tests/faultproxy.py."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests go wrong, and how; the first rule that applies to a request is the one that counts."""

    method: str = ".*"
    path: str = ""
    """Found anywhere in the path, as `query` in the query; both are patterns."""
    query: str = ""
    skip: int = 0
    """So many requests that match go well first."""
    times: int | None = None
    """So many go wrong after that; None: all."""
    chance: float = 1.0

    delay: float = 0.0
    hang: bool = False
    hang_after: bool = False
    """The registry does what it was asked, and never says so."""
    reset: bool = False
    """The connection breaks before the registry sees anything."""
    reset_after: bool = False
    """The registry does what it was asked, and the connection breaks before it can say so."""
    cut_request: int | None = None
    """So many bytes of the body reach the registry, then the connection breaks on both sides."""
    status: int | None = None
    """Answered instead of the registry, with `headers` and `body`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = '{"errors":[{"code":"UNKNOWN","message":"made to fail"}]}'

    set_headers: Mapping[str, str | None] = field(default_factory=dict)
    """Headers of the registry's own answer that are replaced, or with None taken away."""
    truncate: int | None = None
    """The answer breaks off after so many bytes."""
    corrupt: int | None = None
    """The byte at this place of the answer is another."""
    drip: tuple[int, float] | None = None
    """So many bytes at a time, so many seconds apart."""
    stale: int = 0
    """After a manifest was written, so many reads get what was there before."""
    absent: int = 0
    """After a manifest was written, so many reads get a 404."""

    def matches(self, request: web.BaseRequest) -> bool:
        return bool(
            re.fullmatch(self.method, request.method)
            and re.search(self.path, request.path)
            and re.search(self.query, request.query_string)
        )


@dataclass(frozen=True, slots=True)
class Bearer:
    """Tokens are asked for as registries do it, and die after `life` seconds whatever they claim."""

    life: float = 30.0
    claimed_life: int = 300
    user: str = ""
    password: str = ""
    issued_at: str = ""


@dataclass(slots=True)
class Allowance:
    """So many requests a second, after a first burst; more are answered with 429 and use it up no further."""

    per_second: float
    left: float
    at: float = 0.0

    def takes(self, now: float) -> bool:
        """Whether a request that comes now is within it."""
        self.left = min(self.left + (now - self.at) * self.per_second, max(self.left, 1.0))
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came in."""

    at: float
    """Seconds on the event loop's clock."""
    method: str
    path: str
    query: str
    authorization: str
    """The scheme alone."""
    accept: str
    status: int
    """What was answered; 0 for a broken connection."""
