"""References: registry, repository, tag and digest in full."""

import re
from dataclasses import dataclass, replace
from typing import Self

DOCKER_HUB = "docker.io"
LOCAL = "local"
"""The registry that the tool itself starts on loopback."""

# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HOST_WORD = r"[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*"
_REGISTRY = re.compile(rf"(?:\[[0-9a-fA-F:]+\]|{_HOST_WORD}(?:\.{_HOST_WORD})*)(?::([0-9]{{1,5}}))?")
_HUB_SYNONYMS = frozenset({"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
_REPOSITORY_MAX_LENGTH = 255
_PORT_MAX = 65_535


@dataclass(frozen=True, slots=True, order=True)
class Repository:
    """A repository in full: the registry that stores it and its whole path there."""

    registry: str
    path: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.path}"

    @property
    def short(self) -> str:
        """As people write it: without docker.io and library."""
        return self.path.removeprefix("library/") if self.registry == DOCKER_HUB else str(self)

    def tagged(self, tag: str) -> "Reference":
        return Reference(self.registry, self.path, tag)

    def at(self, digest: str) -> "Reference":
        return Reference(self.registry, self.path, digest=digest)


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """``registry/repository[:tag][@digest]``; short names become full ones when they come in."""

    registry: str
    path: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference as Docker does: `debian` is docker.io/library/debian, and bare means `:latest`."""
        name, _, digest = text.partition("@")
        registry, rest = _split_registry(name)
        path, _, tag = rest.partition(":")
        if registry == DOCKER_HUB and "/" not in path:
            path = f"library/{path}"
        if not _is_valid(registry, path, has_tag=":" in rest, tag=tag, has_digest="@" in text, digest=digest):
            raise ValueError(
                f"{text!r} is not an image reference; write it like debian:trixie-slim or ghcr.io/owner/name:tag"
            )
        return cls(registry, path, tag or ("" if digest else "latest"), digest)

    def __str__(self) -> str:
        return f"{self.repository}{self._suffix}"

    @property
    def repository(self) -> Repository:
        return Repository(self.registry, self.path)

    @property
    def short(self) -> str:
        """As people write it: without docker.io and library."""
        return f"{self.repository.short}{self._suffix}"

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def pinned(self, digest: str) -> "Reference":
        """The same image tied to a digest, the tag dropped."""
        return replace(self, tag="", digest=digest)


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    return _TAG.fullmatch(text) is not None


def is_repository_path(text: str) -> bool:
    return len(text) <= _REPOSITORY_MAX_LENGTH and _REPOSITORY.fullmatch(text) is not None


def is_registry(text: str) -> bool:
    match = _REGISTRY.fullmatch(text)
    return match is not None and 0 < int(match[1] or 1) <= _PORT_MAX


def hub_name(registry: str) -> str:
    """A registry by its one name: `docker.io` for each host that is Docker Hub."""
    return DOCKER_HUB if registry in _HUB_SYNONYMS else registry


def _split_registry(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    looks_like_host = "." in first or ":" in first or first == "localhost"
    if not (slash and looks_like_host):
        return DOCKER_HUB, name
    return hub_name(first), rest


def _is_valid(registry: str, path: str, *, has_tag: bool, tag: str, has_digest: bool, digest: str) -> bool:
    return (
        is_registry(registry)
        and is_repository_path(path)
        and (is_tag(tag) if has_tag else True)
        and (is_digest(digest) if has_digest else True)
    )
