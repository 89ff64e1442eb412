"""Certificates by which a machine elsewhere and this one know each other, in a folder as Docker's client keeps them."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from docker.tls import TLSConfig

from orchestrator.model.tls import NO_PASSWORD

CA, CERTIFICATE, KEY = "ca.pem", "cert.pem", "key.pem"
"""https://docs.docker.com/engine/security/protect-access/"""

# What BuildKit and engines speak; a server may end the handshake with who cannot agree upon one.
_PROTOCOLS = ("h2", "http/1.1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """What a folder has of them."""

    folder: Path
    has_ca: bool = True
    """Whether it names an authority; else those that this machine trusts count."""
    has_ours: bool = True
    """Whether it has a certificate of our own with its key; without, the other side learns nothing of who we are."""
    is_verified: bool = True
    """Whether the other side has to be trusted for anything."""
    server_name: str = ""
    """What the other side's certificate calls it; empty for the host of its address."""

    @classmethod
    def kept_in(cls, folder: Path, *, is_verified: bool = True) -> Self:
        """Those that are in a folder; what is not there is not used."""
        has_ours = all((folder / name).exists() for name in (CERTIFICATE, KEY))
        return cls(folder, has_ca=(folder / CA).exists(), has_ours=has_ours, is_verified=is_verified)

    @property
    def ca(self) -> Path | None:
        """The authority whose word is taken for who the other side is."""
        return self.folder / CA if self.has_ca else None

    @property
    def ours(self) -> tuple[Path, Path] | None:
        """Our certificate and its key."""
        return (self.folder / CERTIFICATE, self.folder / KEY) if self.has_ours else None

    @property
    def for_sdk(self) -> TLSConfig:
        ours = (str(self.ours[0]), str(self.ours[1])) if self.ours else None
        return TLSConfig(client_cert=ours, ca_cert=str(self.ca) if self.ca else None, verify=self.is_verified)

    @property
    def for_handshake(self) -> ssl.SSLContext:
        """Raises OSError when a file is not what it should be."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_alpn_protocols(_PROTOCOLS)
        if not self.is_verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif self.ca:
            context.load_verify_locations(self.ca)
        else:
            context.load_default_certs()
        if self.ours:
            context.load_cert_chain(*self.ours, password=NO_PASSWORD)
        return context
