"""By which certificates other hosts are believed, and which of ours they see."""

import os
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from yarl import URL

from orchestrator.errors import InputError
from orchestrator.model.tls import NO_PASSWORD
from orchestrator.tools import docker_home

CERTIFICATES = Path("/etc/docker/certs.d")
"""Where this machine keeps what its Docker is to know of registries: a folder for each, called `HOST` or `HOST:PORT`.

https://docs.docker.com/engine/security/certificates/
"""

# As a server may want to hear it from who connects; newer versions of HTTP are not spoken here.
_PROTOCOLS = ("http/1.1",)


class Trust:
    """The authorities of this machine, and what is kept for single hosts beside them.

    Nothing is read before a host is asked by https: authorities take longer to load than many a run takes besides.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        """`folders` have a folder for each host that anything is kept for, as `CERTIFICATES` has."""
        self._folders = tuple(folders)
        self._contexts: dict[tuple[Path, ...], ssl.SSLContext] = {}

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """What this machine has, and what its user has for a Docker without root or for Docker Desktop."""
        home = Path(environment.get("HOME", "/"))
        rootless = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "docker"
        return cls((CERTIFICATES, rootless / CERTIFICATES.name, docker_home.folder(environment) / CERTIFICATES.name))

    def context(self, url: URL) -> ssl.SSLContext:
        """How the host of a URL is spoken to by TLS; raises InputError for a certificate or key that cannot be used."""
        name = folder_name(url)
        kept = tuple(path for folder in self._folders if _is_open(path := folder / name))
        if kept not in self._contexts:
            self._contexts[kept] = _context(kept)
        return self._contexts[kept]


def folder_name(url: URL) -> str:
    """What the folder with a host's certificates is called: with the port only where the registry is named with one."""
    return f"{url.host_subcomponent}:{url.explicit_port}" if url.explicit_port else url.host_subcomponent or ""


def _is_open(folder: Path) -> bool:
    """Whether there is such a folder for us: what only root may read is for root's Docker."""
    return os.access(folder, os.R_OK | os.X_OK) and folder.is_dir()


def _context(kept: Sequence[Path]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(_PROTOCOLS)
    for path in _files(kept, ".crt"):
        try:
            context.load_verify_locations(path)
        except OSError as error:
            raise InputError(f"{path}: {_reason(error)}; expected the certificate of an authority in PEM") from error
    # More than one would have to be tried in turn; nobody asks for two authorities' word for who we are.
    for path in _files(kept, ".cert")[:1]:
        try:
            context.load_cert_chain(path, path.with_suffix(".key"), password=NO_PASSWORD)
        except OSError as error:
            raise InputError(
                f"{path}: {_reason(error)}; expected a certificate in PEM, and beside it "
                f"{path.with_suffix('.key').name} with its key that has no password"
            ) from error
    return context


def _files(kept: Sequence[Path], suffix: str) -> list[Path]:
    return [path for folder in kept for path in sorted(folder.iterdir()) if path.suffix == suffix]


def _reason(error: OSError) -> str:
    """What the system has against a file, or OpenSSL, whose own words tell nobody what is wrong with it."""
    return "cannot be used" if isinstance(error, ssl.SSLError) else error.strerror or "cannot be read"
