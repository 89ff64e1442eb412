"""Credentials for registries, as Docker's own configuration and its helpers keep them."""

import asyncio
import contextlib
import json
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from docker.auth import INDEX_URL, AuthConfig
from docker.errors import DockerException

from orchestrator.errors import InputError, OrchestratorError
from orchestrator.model.references import DOCKER_HUB

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
        folder = environment.get("DOCKER_CONFIG") or str(Path(environment.get("HOME", "/")) / ".docker")
        self._file = Path(folder) / "config.json"
        self._environment = dict(environment)
        self._seconds = helper_seconds

    async def of(self, registry: str) -> Credential | None:
        """Raises InputError for a broken configuration, and for a helper that is missing, fails or does not answer."""
        config = await asyncio.to_thread(self._read)
        helper = config.get_credential_store(registry)
        if not helper:
            return _credential(config.resolve_authconfig(registry))
        program = f"docker-credential-{helper}"
        if shutil.which(program, path=self._environment.get("PATH")) is None:
            raise InputError(
                f"{self._file}: credentials for {registry} are kept by `{program}`, which is not installed"
            )
        return await self._from_helper(config, registry, program=program)

    def _read(self) -> AuthConfig:
        try:
            document = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            document = {}
        except (OSError, ValueError) as error:
            raise InputError(f"{self._file}: not a configuration of Docker that can be read: {error}") from error
        try:
            return AuthConfig.load_config(None, {"auths": {}, **_checked(document)}, self._environment)
        except (DockerException, ValueError, TypeError) as error:
            # The error may quote what it could not decode.
            raise InputError(
                f"{self._file}#/auths: expected base64 of user:password under each `auth`; run `docker login` again"
            ) from error

    async def _from_helper(self, config: AuthConfig, registry: str, *, program: str) -> Credential | None:
        """Ask a helper in a thread that nobody waits for at the end: one that hangs must not keep us."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Credential | None] = loop.create_future()

        def settle(outcome: Credential | OrchestratorError | None) -> None:
            if found.done():
                return
            if isinstance(outcome, OrchestratorError):
                found.set_exception(outcome)
            else:
                found.set_result(outcome)

        def ask() -> None:
            outcome = _answer(config, registry, program=program)
            with contextlib.suppress(RuntimeError):  # the loop is closed: we had stopped waiting
                loop.call_soon_threadsafe(settle, outcome)

        threading.Thread(target=ask, name=program, daemon=True).start()
        try:
            return await asyncio.wait_for(found, self._seconds)
        except TimeoutError as error:
            raise InputError(
                f"`{program}` did not answer within {self._seconds:g} s; try `echo {_server(registry)} | {program} get`"
            ) from error


def _checked(document: object) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise TypeError("not an object")
    auths = document.get("auths") or {}
    if not isinstance(auths, dict) or not all(isinstance(entry, dict) for entry in auths.values()):
        raise TypeError("auths is not an object of objects")
    # `docker logout` and some tools leave an empty `auth`, which means that there is none.
    kept = {name: {k: v for k, v in entry.items() if k != "auth" or v} for name, entry in auths.items()}
    return {**{key: document[key] for key in ("credsStore", "credHelpers") if document.get(key)}, "auths": kept}


def _answer(config: AuthConfig, registry: str, *, program: str) -> Credential | OrchestratorError | None:
    try:
        return _credential(config.resolve_authconfig(registry))
    except (DockerException, ValueError, KeyError, TypeError, OSError):
        # What the helper printed may be a secret, so it is not quoted.
        return InputError(f"`{program}` failed; try `echo {_server(registry)} | {program} get`")


def _server(registry: str) -> str:
    return INDEX_URL if registry == DOCKER_HUB else registry


def _credential(entry: Mapping[str, Any] | None) -> Credential | None:
    """A credential from what the Docker SDK found; its spelling of the keys depends on where it found them."""
    facts = {key.lower(): value for key, value in (entry or {}).items() if isinstance(value, str)}
    credential = Credential(facts.get("username", ""), facts.get("password", ""), facts.get("identitytoken", ""))
    return credential if credential != Credential() else None
