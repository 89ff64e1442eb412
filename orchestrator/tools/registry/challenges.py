"""What a registry asks for with 401, and whom credentials may be shown to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from yarl import URL

from orchestrator.model.references import DOCKER_HUB
from orchestrator.tools.registry.endpoints import is_loopback

KNOWN_TOKEN_HOSTS: Mapping[str, frozenset[str]] = {DOCKER_HUB: frozenset({"auth.docker.io"})}
"""By registry: hosts of another name that give its tokens."""

# RFC 9110, 11.2 and 5.6: a scheme, then parameters with values that are tokens or quoted.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'\s*,?\s*({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD}))')
_SCHEME = re.compile(rf"\s*,?\s*({_WORD})(?=\s|,|$)")
_RIGHTS = frozenset({"pull", "push"})
# In these a registrable name has three parts, such as example.co.uk.
_SECOND_LEVEL = re.compile(r"\.(ac|co|com|edu|gob|gov|mil|ne|net|or|org)\.[a-z]{2}$")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authorise that a registry offers; scheme and parameter names in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def challenges(header: str) -> tuple[Challenge, ...]:
    """Read `WWW-Authenticate`; what cannot be read ends the list, since a guess could send credentials astray."""
    found = []
    position = 0
    while scheme := _SCHEME.match(header, position):
        position = scheme.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(header, position):
            position = parameter.end()
            quoted = re.sub(r"\\(.)", r"\1", parameter[2]) if parameter[2] is not None else parameter[3]
            parameters.setdefault(parameter[1].lower(), quoted)
        found.append(Challenge(scheme[1].lower(), parameters))
    return tuple(found)


def chosen(offered: tuple[Challenge, ...]) -> Challenge | None:
    """The challenge that we answer: a token before a password, as a token says less and lives shorter."""
    by_scheme = {challenge.scheme: challenge for challenge in reversed(offered)}
    return by_scheme.get("bearer") or by_scheme.get("basic")


def distrust(realm: URL, *, registry: str, base: URL, more_hosts: frozenset[str] = frozenset()) -> str | None:
    """Why credentials of `registry`, which is reached at `base`, must not be shown at `realm`; None when they may."""
    host = realm.host or ""
    known = KNOWN_TOKEN_HOSTS.get(registry, frozenset()) | more_hosts
    is_ours = (
        realm.authority == base.authority
        or not known.isdisjoint({host, realm.authority})
        or (realm.scheme == "https" and _registrable(host) == _registrable(base.host or "") != "")
    )
    doubts = {
        "it is no http URL": realm.scheme not in {"http", "https"} or not host,
        "it holds a user name": bool(realm.user or realm.password),
        "it is not encrypted": realm.scheme == "http" and not is_loopback(host),
        "it is less protected than the registry": realm.scheme == "http" and base.scheme == "https",
        "it is another host than the registry's": not is_ours,
    }
    return next((text for text, is_so in doubts.items() if is_so), None)


def may_ask_anonymously(realm: URL) -> bool:
    """Whether a token may be asked for without credentials: on the web, but not at addresses within our network."""
    return realm.scheme == "https" and not realm.user and _registrable(realm.host or "") != ""


def own_scopes(scope: str, *, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Those scopes of a challenge that are about repositories that we meant to use anyway, to read and to write."""
    ours = {text.rpartition(":")[0] for text in wanted}
    return tuple(
        text
        for text in scope.split()
        if text.rpartition(":")[0] in ours and _RIGHTS.issuperset(text.rpartition(":")[2].split(","))
    )


def _registrable(host: str) -> str:
    """The part of a name that its owner registered; empty for an address and for a name within a local network."""
    if _is_address(host) or "." not in host:
        return ""
    return ".".join(host.lower().split(".")[-3 if _SECOND_LEVEL.search(host.lower()) else -2 :])


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
