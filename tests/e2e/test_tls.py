"""Builders that listen with TLS: builds on them, and what is said where certificates keep a run from them."""

import re
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certifi
import pytest

from tests.certificates import Authority
from tests.e2e.conftest import NewHello
from tests.e2e.hello import Hello
from tests.e2e.test_builders import Bridge, bridge
from tests.plain_engine import plain_engine
from tests.real import orchestrator
from tests.tls_front import tls_front

__all__ = ["bridge"]

pytestmark = pytest.mark.e2e

FOR_THE_WEB = {"REQUESTS_CA_BUNDLE": certifi.where()}
"""Other authorities than those of engines; requests would take them for these as well."""
TARGET = "2.0/slim-trixie@amd64"
PLAIN = 'FROM {{ base }}\nRUN printf "#!/bin/sh\\necho hello 2.0.1 on amd64\\n" > /bin/hello && chmod 755 /bin/hello\n'


@dataclass(frozen=True)
class Keys:
    """The certificates of a builder, and in a folder of Docker's configuration those that this machine may have."""

    server: Path
    config: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"DOCKER_CONFIG": str(self.config)}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """This machine as somebody `known`, as `nobody`, as a `stranger`, and `fooled` to trust another authority."""
    root = tmp_path_factory.mktemp("keys")
    authority, other = (Authority.make(root / name, name) for name in ("authority", "other"))
    made = Keys(authority.sign(root / "server", "builder", names="IP:127.0.0.1,DNS:builder.example"), root / "config")
    authority.sign(made.config / "known", "known")
    other.sign(made.config / "fooled", "fooled")
    other.sign(made.config / "stranger", "stranger")
    shutil.copy(authority.certificate, made.config / "stranger")
    (made.config / "nobody").mkdir()
    shutil.copy(authority.certificate, made.config / "nobody")
    return made


@pytest.fixture
def front(bridge: Bridge, keys: Keys) -> Iterator[str]:
    """The address of the engine's BuildKit as one that listens with TLS."""
    with tls_front(bridge.address, keys.server) as address:
        yield address


@pytest.fixture(scope="module")
def engine_with_tls(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an engine that listens with TLS."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        _, port = free.getsockname()
    with plain_engine(tmp_path_factory.mktemp("e"), tls=keys.server, port=port):
        yield f"tcp://127.0.0.1:{port}"


@pytest.mark.parametrize("name", ["", "builder.example"])
def test_a_buildkit_with_tls_builds(hello: NewHello, front: str, keys: Keys, name: str) -> None:
    family: Hello = hello()
    family.configure("builders", {"amd64": remote(front, "known", **({"server_name": name} if name else {}))})

    finished = family.run("build", environment=keys.environment)

    record = family.records()[TARGET]
    assert (finished.stdout.splitlines()[-1], record["tests"][0]["problem"]) == ("builds: 1 built", "")
    assert record["builder"] == {"name": "amd64", "address": front}
    assert "exporting to image" in (family.root / "out" / record["log"]).read_text()
    assert (family.left, family.processes) == ([], [])


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ({"certificates": "fooled"}, 2, "TLS: its certificate is not trusted: self-signed certificate in "),
        ({"certificates": "nobody"}, 14, "TLS: it takes no connection without a certificate that it trusts: "),
        ({"certificates": "stranger"}, 14, "TLS: it takes no connection without a certificate that it trusts: "),
        ({"certificates": "known", "server_name": "x.example"}, 2, "TLS: its certificate is not trusted: Hostname "),
        ({}, 2, "it speaks TLS, and no certificates are named for it; "),
    ],
)
def test_where_certificates_keep_a_run_from_a_buildkit_one_error_says_so(
    hello: NewHello, front: str, keys: Keys, settings: dict[str, str], code: int, said: str
) -> None:
    family: Hello = hello()
    family.configure("builders", {"default": remote(front, **settings)})

    finished = family.run("build", environment=keys.environment, check=False)

    [line] = finished.stderr.splitlines()
    assert (finished.returncode, line.startswith(f"error: the builder at {front}: {said}")) == (code, True), line
    assert not (family.root / "out" / "builds").exists()


def test_certificates_for_a_buildkit_without_tls_are_told(hello: NewHello, bridge: Bridge, keys: Keys) -> None:
    family: Hello = hello()
    family.configure("builders", {"default": remote(bridge.address, "known")})

    finished = family.run("build", environment=keys.environment, check=False)

    assert (finished.returncode, finished.stderr) == (
        2,
        f"error: the builder at {bridge.address}: it does not speak TLS; "
        "let it listen with TLS, or name no certificates for it\n",
    )


def test_certificates_that_are_not_there_are_told_before_anything_is_asked(hello: NewHello, keys: Keys) -> None:
    family: Hello = hello()
    family.configure("builders", {"default": remote("tcp://127.0.0.1:1", "none")})

    finished = family.run("build", environment=keys.environment, check=False)

    assert finished.returncode == 2
    assert finished.stderr.startswith(
        f"error: the certificates for tcp://127.0.0.1:1: {keys.config}/none/ca.pem: No such file or directory; "
    )


def test_an_engine_with_tls_builds_with_the_classic_builder(hello: NewHello, engine_with_tls: str, keys: Keys) -> None:
    family: Hello = hello()
    (family.root / "templates" / "dockerfile" / "slim.j2").write_text(PLAIN)
    family.configure("builders", {"slim": classic(engine_with_tls, certificates="known")})

    finished = family.run("build", environment={**keys.environment, **FOR_THE_WEB})

    record = family.records()[TARGET]
    assert (finished.stdout.splitlines()[-1], record["tests"][0]["problem"]) == ("builds: 1 built", "")
    assert record["builder"] == {"name": "slim", "address": engine_with_tls}


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ({"certificates": "fooled"}, 2, "TLS: its certificate is not trusted: "),
        ({"certificates": "nobody"}, 14, "TLS: it takes no connection without a certificate that it trusts: "),
        ({"certificates": "stranger"}, 14, "TLS: it takes no connection without a certificate that it trusts: "),
        ({}, 2, "it speaks TLS, and no certificates are named for it; name their folder by `certificates` in "),
    ],
)
def test_where_certificates_keep_a_run_from_an_engine_one_error_says_so(
    hello: NewHello, engine_with_tls: str, keys: Keys, settings: dict[str, str], code: int, said: str
) -> None:
    family: Hello = hello()
    family.configure("builders", {"default": classic(engine_with_tls, **settings)})

    finished = family.run("build", environment=keys.environment, check=False)

    [line] = finished.stderr.splitlines()
    assert (finished.returncode, f"Docker at {engine_with_tls} does not answer: {said}" in line) == (code, True), line


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("known", "running   yes, Docker "),
        ("fooled", "does not answer: TLS: its certificate is not trusted: "),
        ("nobody", "has a cert.pem with its key.pem that it trusts, or clear DOCKER_HOST"),
        ("stranger", "has a cert.pem with its key.pem that it trusts, or clear DOCKER_HOST"),
        ("", "no certificates are named for it; name them along with DOCKER_HOST, or clear DOCKER_HOST"),
    ],
)
def test_the_users_own_engine_may_listen_with_tls(
    engine_with_tls: str, keys: Keys, tmp_path: Path, folder: str, said: str
) -> None:
    named = {"DOCKER_CERT_PATH": str(keys.config / folder), "DOCKER_TLS_VERIFY": "1"} if folder else {}

    finished = orchestrator(
        "engine", "status", state=tmp_path, environment={"DOCKER_HOST": engine_with_tls, **named, **FOR_THE_WEB}
    )

    assert said in finished.stdout


def test_doctor_tells_what_tls_has_against_a_builder(hello: NewHello, front: str, keys: Keys) -> None:
    family: Hello = hello()
    family.configure(
        "builders", {"default": {"driver": "local"}, "amd64": remote(front, "known"), "s390x": remote(front, "fooled")}
    )

    said = family.run("doctor", environment=keys.environment, check=False).stdout

    assert f"remote: the builder at {front}: TLS: its certificate is not trusted: self-signed certificate in " in said
    assert re.search(r"^ok +builder amd64 +remote: runs amd64", said, re.MULTILINE)


def remote(endpoint: str, certificates: str = "", **more: str) -> dict[str, Any]:
    named = {"certificates": certificates} if certificates else {}
    return {"driver": "remote", "endpoint": endpoint, **named, **more}


def classic(host: str, **more: str) -> dict[str, Any]:
    return {"driver": "classic", "host": host, **more}
