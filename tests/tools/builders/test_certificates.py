"""Certificates on disk; those that belong together are made by openssl in tests with real parts."""

import shutil
from pathlib import Path

import certifi
import pytest

from orchestrator.errors import InputError
from orchestrator.model.config.builders import Builder
from orchestrator.tools.builders import certificates
from orchestrator.tools.engine.certificates import Certificates

ADDRESS = "tcp://10.0.0.5:1234"
EXPECTED = (
    "expected ca.pem, the certificate of an authority, and cert.pem with key.pem where the other side asks who we are"
)


def remote(folder: str) -> Builder:
    return Builder(driver="remote", endpoint=ADDRESS, certificates=folder)


def authority_in(folder: Path) -> Path:
    folder.mkdir(parents=True)
    shutil.copy(certifi.where(), folder / "ca.pem")
    return folder


@pytest.mark.parametrize("builder", [Builder(), Builder(driver="remote", endpoint=ADDRESS)])
def test_without_a_folder_there_are_none(builder: Builder) -> None:
    assert certificates.of(builder, {}) is None


@pytest.mark.parametrize(
    ("variables", "kept"),
    [
        (("DOCKER_CONFIG",), "DOCKER_CONFIG"),
        (("DOCKER_CONFIG", "ORCHESTRATOR_CERTIFICATES"), "ORCHESTRATOR_CERTIFICATES"),
    ],
)
def test_a_folder_is_where_this_machine_keeps_certificates(
    tmp_path: Path, variables: tuple[str, ...], kept: str
) -> None:
    folder = authority_in(tmp_path / kept / "farm" / "s390x")
    builder = Builder(driver="remote", endpoint=ADDRESS, certificates="farm/s390x", server_name="builder.example")

    found = certificates.of(builder, {name: str(tmp_path / name) for name in variables})

    assert found == Certificates(folder, has_ours=False, server_name="builder.example")


def test_an_absolute_folder_stands_for_itself(tmp_path: Path) -> None:
    folder = authority_in(tmp_path / "keys")
    builder = Builder(driver="classic", host=ADDRESS, certificates=str(folder))

    assert certificates.of(builder, {"DOCKER_CONFIG": "/nowhere"}) == Certificates(folder, has_ours=False)


def test_all_files_that_are_missing_are_told(tmp_path: Path) -> None:
    (tmp_path / "s390x").mkdir()
    (tmp_path / "s390x" / "cert.pem").touch()

    with pytest.raises(InputError) as raised:
        certificates.of(remote("s390x"), {"DOCKER_CONFIG": str(tmp_path)})

    assert raised.value.problems == tuple(
        f"the certificates for {ADDRESS}: {tmp_path}/s390x/{name}: No such file or directory; {EXPECTED}"
        for name in ("ca.pem", "key.pem")
    )


@pytest.mark.parametrize("files", [("ca.pem",), ("cert.pem", "key.pem")])
def test_files_that_are_no_certificates_are_told(tmp_path: Path, files: tuple[str, ...]) -> None:
    folder = authority_in(tmp_path / "s390x")
    for name in files:
        (folder / name).write_text("none")

    with pytest.raises(InputError) as raised:
        certificates.of(remote("s390x"), {"DOCKER_CONFIG": str(tmp_path)})

    told = ", ".join(dict.fromkeys(("ca.pem", *files)))
    assert raised.value.problems == (
        f"the certificates for {ADDRESS}: {folder}: {told} cannot be used; expected certificates in PEM, and a key "
        "that belongs to ours and has no password",
    )
