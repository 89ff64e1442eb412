"""Logins that Docker's configuration names, read as Docker's own library reads them, and the helpers that keep them."""

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.auth import INDEX_URL, AuthConfig
from docker.errors import DockerException
from pydantic import BaseModel, Field, ValidationError

from orchestrator.errors import InputError, OrchestratorError
from orchestrator.model.references import DOCKER_HUB
from orchestrator.tools.registry.credentials import Credential


class _Login(BaseModel):
    auth: str = ""
    identitytoken: str = ""


class _Configuration(BaseModel):
    """What config.json says of credentials: https://docs.docker.com/reference/cli/docker/login/."""

    auths: dict[str, _Login] | None = None
    store: str | None = Field(None, alias="credsStore")
    helpers: dict[str, str] | None = Field(None, alias="credHelpers")

    @property
    def facts(self) -> dict[str, Any]:
        """What is said, without what is there but empty, which means that there is none."""
        logins = {name: login.model_dump(exclude_defaults=True) for name, login in (self.auths or {}).items()}
        return {"auths": logins, "credsStore": self.store, "credHelpers": self.helpers or {}}


@dataclass(frozen=True, slots=True)
class Logins:
    """What one config.json says."""

    file: Path
    """Where it is, for messages."""
    text: str
    environment: Mapping[str, str]
    """Of helpers."""
    helper_seconds: float
    """How long a helper may take."""

    async def of(self, registry: str) -> Credential | None:
        """Raises InputError for a broken configuration, and for a helper that is missing, fails or does not answer."""
        config = self._config()
        helper = config.get_credential_store(registry)
        if not helper:
            return _credential(config.resolve_authconfig(registry))
        program = f"docker-credential-{helper}"
        if shutil.which(program, path=self.environment.get("PATH")) is None:
            raise InputError(f"{self.file}: credentials for {registry} are kept by `{program}`, which is not installed")
        return await self._from_helper(config, registry, program=program)

    def _config(self) -> AuthConfig:
        try:
            facts = _Configuration.model_validate_json(self.text).facts
            return AuthConfig.load_config(None, facts, self.environment)
        except ValidationError as error:
            # Never the input itself: it may be a password.
            problems = error.errors(include_input=False, include_url=False)
            raise InputError(
                *(
                    f"{self.file}#/{'/'.join(map(str, e['loc']))}: {e['msg']}; mend Docker's configuration"
                    for e in problems
                )
            ) from error
        except (DockerException, ValueError) as error:
            raise InputError(
                f"{self.file}#/auths: expected base64 of user:password in each `auth`; run `docker login` again"
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
            return await asyncio.wait_for(found, self.helper_seconds)
        except TimeoutError as error:
            raise InputError(
                f"`{program}` did not answer within {self.helper_seconds:g} s; "
                f"try `echo {_server(registry)} | {program} get`"
            ) from error


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
