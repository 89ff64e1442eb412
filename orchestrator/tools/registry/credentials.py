"""Credentials for registries, as Docker's own configuration and its helpers keep them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.errors import InputError
from orchestrator.tools import docker_home, on_demand

HELPER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Credential:
    """Who we are at a registry: a user with a password, or an identity token that stands for both."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


class Credentials(Protocol):
    """Knows who we are at a registry."""

    async def of(self, registry: str) -> Credential | None:
        """The credential for a registry, or None where there is none and we ask as anybody."""


class DockerCredentials:
    """Credentials of `docker login`: config.json in DOCKER_CONFIG or in ~/.docker, and the helpers it names.

    A configuration that cannot be read is an InputError: going on without credentials would look like missing rights
    or, worse, work.
    """

    def __init__(self, environment: Mapping[str, str], *, helper_seconds: float = HELPER_SECONDS) -> None:
        self._file = docker_home.folder(environment) / "config.json"
        self._environment = dict(environment)
        self._seconds = helper_seconds

    async def of(self, registry: str) -> Credential | None:
        """Raises InputError for a broken configuration, and for a helper that is missing, fails or does not answer."""
        text = await asyncio.to_thread(self._text)
        if text is None:
            return None
        # Docker's library is large, and a machine where nobody is logged in has no use for it here.
        logins = on_demand.module("tools.registry.logins")
        found: Credential | None = await logins.Logins(self._file, text, self._environment, self._seconds).of(registry)
        return found

    def _text(self) -> str | None:
        """The text of the configuration; None where there is none."""
        try:
            return self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise InputError(f"{self._file}: Docker's configuration cannot be read: {error}") from error
