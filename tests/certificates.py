"""Certificates for TLS on loopback, made by openssl: an authority, and what it signs."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_DAYS = "2"


@dataclass(frozen=True)
class Authority:
    """Signs certificates; all it has is in its folder."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, name: str) -> "Authority":
        folder.mkdir(parents=True)
        made = cls(folder)
        _request(folder / "ca-key.pem", made.certificate, name, ("-addext", "keyUsage=critical,keyCertSign"))
        return made

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def sign(self, folder: Path, name: str, *, names: str = "") -> Path:
        """Fill a folder with what its owner needs: `ca.pem`, `cert.pem`, `key.pem`; `names` as `IP:127.0.0.1`."""
        folder.mkdir(parents=True)
        (folder / "ca.pem").write_bytes(self.certificate.read_bytes())
        signed = ("-CA", str(self.certificate), "-CAkey", str(self.folder / "ca-key.pem"))
        also = ("-addext", f"subjectAltName={names}") if names else ()
        own = ("-addext", "basicConstraints=critical,CA:FALSE")
        _request(folder / "key.pem", folder / "cert.pem", name, (*signed, *own, *also))
        return folder


def _request(key: Path, certificate: Path, name: str, more: Sequence[str]) -> None:
    command = (
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"),
        *("-subj", f"/CN={name}", "-days", _DAYS, "-keyout", str(key), "-out", str(certificate)),
        *more,
    )
    subprocess.run(command, check=True, capture_output=True)
