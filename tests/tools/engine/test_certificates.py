import shutil
import ssl
from pathlib import Path

import certifi
import pytest

from orchestrator.tools.engine.certificates import Certificates


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("ca.pem", "cert.pem", "key.pem"), (True, True)),
        (("ca.pem",), (True, False)),
        (("cert.pem",), (False, False)),
        ((), (False, False)),
    ],
)
def test_what_a_folder_has_not_is_not_used(tmp_path: Path, files: tuple[str, ...], expected: tuple[bool, bool]) -> None:
    for name in files:
        (tmp_path / name).touch()

    found = Certificates.kept_in(tmp_path)

    assert (found.has_ca, found.has_ours) == expected


def test_our_certificate_goes_with_its_key() -> None:
    found = Certificates(Path("/keys"))

    assert (found.ca, found.ours) == (Path("/keys/ca.pem"), (Path("/keys/cert.pem"), Path("/keys/key.pem")))


def test_docker_is_told_what_there_is(tmp_path: Path) -> None:
    shutil.copy(certifi.where(), tmp_path / "ca.pem")
    config = Certificates.kept_in(tmp_path).for_sdk

    assert (config.ca_cert, config.cert, config.verify) == (str(tmp_path / "ca.pem"), None, True)


@pytest.mark.parametrize(
    ("has_ca", "is_verified", "mode"),
    [(True, True, ssl.CERT_REQUIRED), (False, True, ssl.CERT_REQUIRED), (False, False, ssl.CERT_NONE)],
)
def test_only_who_is_not_to_be_verified_is_trusted_without_a_certificate(
    tmp_path: Path, mode: ssl.VerifyMode, *, has_ca: bool, is_verified: bool
) -> None:
    shutil.copy(certifi.where(), tmp_path / "ca.pem")
    found = Certificates(tmp_path, has_ca=has_ca, has_ours=False, is_verified=is_verified)

    context = found.for_handshake

    assert (context.verify_mode, context.check_hostname) == (mode, is_verified)
