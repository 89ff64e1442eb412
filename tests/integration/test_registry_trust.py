"""A registry elsewhere as companies have it: behind a proxy, with TLS by an authority of its own, for known clients."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from orchestrator.model.references import Repository
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.network import Network
from tests.certificates import Authority
from tests.configured_registry import server
from tests.connect_proxy import connect_proxy
from tests.pushing import ANYBODY, IMPATIENT, image, push
from tests.real import orchestrator

pytestmark = pytest.mark.integration

HOST = "registry.example:5000"
AT_HOST = f"/etc/docker/certs.d/{HOST}"


class Company:
    """Its registry, reached by `environment`, which names the certificates that Docker has here."""

    def __init__(self, folder: Path, authority: Authority, *, proxy: str) -> None:
        self.certificates = folder / "config" / "docker" / "certs.d" / HOST
        self.environment = {"HTTPS_PROXY": proxy, "XDG_CONFIG_HOME": str(folder / "config"), "HOME": str(folder)}
        self.certificates.mkdir(parents=True)
        ours = authority.sign(folder / "ours", "us")
        shutil.copy(authority.certificate, self.certificates / "company.crt")
        shutil.copy(ours / "cert.pem", self.certificates / "ours.cert")
        shutil.copy(ours / "key.pem", self.certificates / "ours.key")


@pytest_asyncio.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    authority = Authority.make(tmp_path / "authority", "company")
    at = authority.sign(tmp_path / "server", "registry", names="DNS:registry.example")
    tls = {"certificate": str(at / "cert.pem"), "key": str(at / "key.pem"), "clientcas": [str(at / "ca.pem")]}
    async with server(tmp_path, http={"tls": tls}) as registry, connect_proxy(registry.address) as proxy:
        yield Company(tmp_path, authority, proxy=proxy)


async def test_a_registry_for_known_clients_is_written_and_read(company: Company, tmp_path: Path) -> None:
    tag = Repository(HOST, "test/company").tagged("1.0")
    network = Network.of(company.environment)
    async with Registry(credentials=ANYBODY, network=network, policy=IMPATIENT) as registry:
        await push(registry, tag, image(os.urandom(64)))

    finished = await asyncio.to_thread(
        orchestrator, "verify", str(tag), state=tmp_path / "state", environment=company.environment
    )

    assert (finished.returncode, finished.stderr) == (0, "")


async def test_an_authority_of_the_whole_machine_does_as_well(company: Company, tmp_path: Path) -> None:
    tag = Repository(HOST, "test/company").tagged("2.0")
    async with Registry(credentials=ANYBODY, network=Network.of(company.environment), policy=IMPATIENT) as registry:
        await push(registry, tag, image(os.urandom(64)))
    authority = (company.certificates / "company.crt").rename(tmp_path / "all.pem")

    finished = await asyncio.to_thread(
        orchestrator,
        *("verify", str(tag)),
        state=tmp_path / "state",
        environment={**company.environment, "SSL_CERT_FILE": str(authority)},
    )

    assert (finished.returncode, finished.stderr) == (0, "")


@pytest.mark.parametrize(
    ("removed", "code", "said"),
    [
        (
            ("company.crt",),
            2,
            f"no trusted connection to {HOST}: unable to get local issuer certificate; "
            f"expected https with a certificate that this machine trusts, or its authority's as {AT_HOST}/ca.crt",
        ),
        (
            ("ours.cert", "ours.key"),
            14,
            f"{HOST} takes no connection without a certificate that it trusts; "
            f"put one into {AT_HOST} as client.cert, with its key as client.key",
        ),
        (
            ("ours.key",),
            2,
            "{certificates}/ours.cert: No such file or directory; expected a certificate in PEM, "
            "and beside it ours.key with its key that has no password",
        ),
    ],
)
async def test_what_is_missing_is_told(
    company: Company, tmp_path: Path, removed: tuple[str, ...], code: int, said: str
) -> None:
    for name in removed:
        (company.certificates / name).unlink()

    finished = await asyncio.to_thread(
        orchestrator,
        *("verify", f"{HOST}/test/company:1.0"),
        state=tmp_path / "state",
        environment=company.environment,
        check=False,
    )

    assert finished.returncode == code
    assert finished.stderr.endswith(f"{said.format(certificates=company.certificates)}\n"), finished.stderr
