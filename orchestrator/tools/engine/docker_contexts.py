"""Docker contexts, as Docker's client keeps them: names for engines, with the certificates that they ask for.

The Docker SDK reads them, too, but finds none where there is no `config.json` beside them.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import InputError
from orchestrator.tools import docker_home
from orchestrator.tools.engine.certificates import Certificates

DEFAULT = "default"
"""The context that is no more than DOCKER_HOST, or the default socket."""

_CONFIG = "config.json"


@dataclass(frozen=True, slots=True)
class DockerContext:
    """One context."""

    name: str
    host: str
    """As DOCKER_HOST takes it."""
    certificates: Certificates | None = None


def current(environment: Mapping[str, str]) -> str:
    """The name of the context that counts: DOCKER_CONTEXT, else what `docker context use` chose.

    A configuration that cannot be read chooses none, as with Docker's client.
    """
    if name := environment.get("DOCKER_CONTEXT"):
        return name
    try:
        chosen = json.loads((docker_home.folder(environment) / _CONFIG).read_bytes())["currentContext"]
    except (OSError, ValueError, KeyError, TypeError):
        return DEFAULT
    return chosen if isinstance(chosen, str) and chosen else DEFAULT


def named(name: str, environment: Mapping[str, str]) -> DockerContext:
    """The context of that name; raises InputError where there is none, or one that cannot be read.

    Where it is kept: https://github.com/docker/cli/blob/master/cli/context/store/store.go
    """
    contexts = docker_home.folder(environment) / "contexts"
    identity = hashlib.sha256(name.encode()).hexdigest()
    file = contexts / "meta" / identity / "meta.json"
    try:
        meta: Any = json.loads(file.read_bytes())
        endpoint = meta["Endpoints"]["docker"]
        host, is_unverified = str(endpoint["Host"]), bool(endpoint.get("SkipTLSVerify"))
    except FileNotFoundError as error:
        raise InputError(f"there is no Docker context {name!r}; `docker context ls` lists them") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{file}: not a Docker context: {error}; make {name!r} anew") from error
    kept = contexts / "tls" / identity / "docker"
    return DockerContext(
        name, host, Certificates.kept_in(kept, is_verified=not is_unverified) if kept.is_dir() else None
    )
