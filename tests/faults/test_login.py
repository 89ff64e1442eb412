"""Tests of how the registry client says who it is, and to whom."""

import asyncio
import base64
import json
import os
import ssl
import stat
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs
from yarl import URL

from orchestrator.errors import ContractBrokenError, InputError, NotAuthorisedError, UnavailableError
from orchestrator.model.oci import digest_of
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.registry import Registry
from orchestrator.tools.registry.credentials import Credential, DockerCredentials
from orchestrator.tools.registry.http import Request, Transport
from tests.configured_registry import configured_registry
from tests.fault_rules import Bearer, Rule
from tests.faultproxy import FaultProxy
from tests.pushing import ANYBODY, IMPATIENT, Image, Known, client, image, push

pytestmark = pytest.mark.integration

SECRET = "canary-7c1f"
ME = Credential("me", SECRET)
TOKEN = Rule(path="/__token")


@pytest_asyncio.fixture
async def proxy(registry: str) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(registry, bearer=Bearer(user=ME.username, password=SECRET)) as proxy:
        yield proxy


@pytest.fixture
def tag(proxy: FaultProxy, request: pytest.FixtureRequest) -> Reference:
    return Repository(proxy.address, f"test/l{digest_of(request.node.nodeid.encode())[7:19]}").tagged("1.0")


@pytest.fixture
def some() -> Image:
    return image(os.urandom(64))


def me(address: str, credential: Credential = ME) -> Known:
    return Known({address: credential})


async def test_one_token_for_each_right_is_asked_for_by_whoever_needs_it_first(
    proxy: FaultProxy, tag: Reference, some: Image
) -> None:
    async with client(credentials=me(proxy.address)) as registry:
        await push(registry, tag, some)
        await asyncio.gather(*(registry.tags(tag.repository) for _ in range(20)))

    scopes = [seen.query.partition("scope=")[2] for seen in proxy.requests("GET", "/__token")]
    assert scopes == [f"repository:{tag.path}:pull", f"repository:{tag.path}:pull,push"]


async def test_a_registry_that_wants_no_login_is_shown_none(registry: str, some: Image) -> None:
    async with FaultProxy(registry) as open_proxy, client(credentials=me(open_proxy.address)) as through:
        await push(through, Repository(open_proxy.address, "test/open").tagged("1.0"), some)

        assert {seen.authorization for seen in open_proxy.seen} == {""}


async def test_without_credentials_anybody_gets_a_token_where_the_registry_gives_one(
    registry: str, some: Image
) -> None:
    async with FaultProxy(registry, bearer=Bearer()) as generous, client() as through:
        assert await push(through, Repository(generous.address, "test/anybody").tagged("1.0"), some)


@pytest.mark.row("R7")
async def test_a_token_that_dies_before_it_should_is_asked_for_again(registry: str, some: Image) -> None:
    async with FaultProxy(registry, bearer=Bearer(life=0.15, claimed_life=300)) as hasty, client() as through:
        hasty.rules = [Rule(method="PUT", path="/blobs/", delay=0.2)]

        assert await push(through, Repository(hasty.address, "test/hasty").tagged("1.0"), some)

        assert len(hasty.requests("GET", "/__token")) > 2


async def test_a_token_is_renewed_before_it_is_refused(registry: str) -> None:
    async with FaultProxy(registry, bearer=Bearer(life=1.0, claimed_life=1)) as proxy, client() as through:
        repository = Repository(proxy.address, "test/renewed")
        await through.tags(repository)
        await asyncio.sleep(0.95)
        await through.tags(repository)

        assert [seen.status for seen in proxy.requests("GET", "/tags/")] == [401, 404, 404]


@pytest.mark.row("R9")
async def test_a_token_that_is_never_accepted_is_given_up_soon(registry: str) -> None:
    async with FaultProxy(registry, bearer=Bearer(life=-1)) as proxy, client() as through:
        with pytest.raises(NotAuthorisedError, match=r"refuses its own token for repository:test/never:pull"):
            await through.document(Repository(proxy.address, "test/never").tagged("1.0"))

        assert len(proxy.seen) == 5


@pytest.mark.parametrize("credential", [Credential("me", "wrong"), None])
@pytest.mark.row("R1")
async def test_who_is_not_known_is_refused_and_nothing_is_taken_to_be_absent(
    proxy: FaultProxy, tag: Reference, credential: Credential | None
) -> None:
    known = me(proxy.address, credential) if credential else ANYBODY

    async with client(credentials=known) as registry:
        with pytest.raises(NotAuthorisedError, match=rf"reading {tag}: .* no token for repository:.*docker login"):
            await registry.document(tag)

    assert len(proxy.seen) == 2


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.row("R8")
async def test_a_token_server_that_is_busy_is_asked_again(
    proxy: FaultProxy, tag: Reference, some: Image, status: int
) -> None:
    proxy.rules = [replace(TOKEN, status=status, times=2)]

    async with client(credentials=me(proxy.address)) as registry:
        assert await push(registry, tag, some)


@pytest.mark.parametrize(
    ("rule", "kind", "problem"),
    [
        (replace(TOKEN, status=503), UnavailableError, "tried 8 times"),
        (replace(TOKEN, status=200, body="junk"), ContractBrokenError, "the answer holds no token"),
        (replace(TOKEN, status=200, body='{"token": 7}'), ContractBrokenError, "the answer holds no token"),
        (replace(TOKEN, status=200, body='{"token": "a\\nb"}'), ContractBrokenError, "the answer holds no token"),
        (replace(TOKEN, status=200, body=" " * 2_000_000), ContractBrokenError, "longer than 1048576 bytes"),
        (replace(TOKEN, status=307, headers={"Location": "http://127.0.0.1:1/"}), ContractBrokenError, "redirected"),
        (replace(TOKEN, status=403), NotAuthorisedError, "gives the credentials of Docker's configuration no token"),
    ],
)
@pytest.mark.row("R8")
async def test_a_token_server_that_gives_no_token_is_told_as_such(
    proxy: FaultProxy, tag: Reference, rule: Rule, kind: type[Exception], problem: str
) -> None:
    proxy.rules = [rule]

    async with client(credentials=me(proxy.address)) as registry:
        with pytest.raises(kind, match=problem):
            await registry.document(tag)


@pytest.mark.parametrize(
    ("realm", "problem"),
    [
        ("http://{other}/token", "it is another host than the registry's"),
        ("https://{other}/token", "it is another host than the registry's"),
        ("http://me@{other}/token", "it holds a user name"),
        ("http://169.254.169.254/token", "it is not encrypted"),
        ("file:///etc/passwd", "it is no http URL"),
        ("", "it is no http URL"),
    ],
)
@pytest.mark.row("R10")
async def test_credentials_are_not_sent_where_a_registry_has_no_business(
    proxy: FaultProxy, tag: Reference, registry: str, realm: str, problem: str
) -> None:
    async with FaultProxy(registry) as other, client(credentials=me(proxy.address)) as through:
        challenge = f'Bearer realm="{realm.format(other=other.address)}",service="x"'
        proxy.rules = [Rule(status=401, headers={"WWW-Authenticate": challenge})]

        with pytest.raises(NotAuthorisedError, match=f"{problem}, so nothing was sent there"):
            await through.document(tag)

        assert other.seen == []


async def test_an_identity_token_is_traded_for_a_token(registry: str) -> None:
    async with FaultProxy(registry, bearer=Bearer()) as proxy:
        credentials = me(proxy.address, Credential(identity_token=SECRET))
        async with client(credentials=credentials) as through:
            await through.tags(Repository(proxy.address, "test/identity"))

        assert [(seen.method, seen.query) for seen in proxy.requests(path="/__token")] == [("POST", "")]


async def test_nothing_that_is_logged_or_raised_holds_a_secret(proxy: FaultProxy, tag: Reference, some: Image) -> None:
    with capture_logs() as logs:
        async with client(credentials=me(proxy.address)) as registry:
            await push(registry, tag, some)
            proxy.rules = [Rule(status=500, body=f"Authorization: Basic {_encoded(ME)}")]
            with pytest.raises(UnavailableError) as raised:
                await registry.tags(tag.repository)

    said = json.dumps(logs, ensure_ascii=False) + str(raised.value)
    assert "_state=…" in said
    assert [secret for secret in (SECRET, _encoded(ME), "Bearer ey") if secret in said] == []


def _encoded(credential: Credential) -> str:
    return base64.b64encode(f"{credential.username}:{credential.password}".encode()).decode()


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    """A file with our password as registries read it."""
    command = ("htpasswd", "-nbBC4", ME.username, SECRET)
    line = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (tmp_path / "htpasswd").write_text(line)
    return tmp_path / "htpasswd"


@pytest_asyncio.fixture
async def guarded(registry: str, tmp_path: Path, passwords: Path) -> AsyncIterator[str]:
    """A registry that asks for a password."""
    auth = {"htpasswd": {"realm": "test", "path": str(passwords)}}
    async with configured_registry(tmp_path, auth=auth) as address:
        yield address


async def test_a_password_is_shown_once_it_is_asked_for(guarded: str, some: Image) -> None:
    async with FaultProxy(guarded) as proxy, client(credentials=me(proxy.address)) as registry:
        assert await push(registry, Repository(proxy.address, "test/basic").tagged("1.0"), some)

        assert [seen.authorization for seen in proxy.seen][:2] == ["", "Basic"]
        assert {seen.authorization for seen in proxy.seen[1:]} == {"Basic"}


@pytest.mark.parametrize(
    ("credential", "problem"),
    [
        (Credential("me", "wrong"), "refuses the credentials of Docker's configuration; run `docker login"),
        (None, "asks for a login; run `docker login"),
    ],
)
@pytest.mark.row("R1")
async def test_a_wrong_password_is_told_as_such(guarded: str, credential: Credential | None, problem: str) -> None:
    known = me(guarded, credential) if credential else ANYBODY

    async with client(credentials=known) as registry:
        with pytest.raises(NotAuthorisedError, match=problem):
            await registry.document(Repository(guarded, "test/basic").tagged("1.0"))

        assert registry.requests["GET"] <= 2


async def test_docker_login_is_enough(guarded: str, some: Image, tmp_path: Path) -> None:
    auths = {guarded: {"auth": _encoded(ME)}}
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))

    async with Registry(credentials=DockerCredentials({"DOCKER_CONFIG": str(tmp_path)}), policy=IMPATIENT) as registry:
        assert await push(registry, Repository(guarded, "test/login").tagged("1.0"), some)


@pytest.mark.row("W17")
async def test_a_registry_that_is_read_only_says_so(registry: str, tmp_path: Path) -> None:
    read_only = {"maintenance": {"readonly": {"enabled": True}}}
    async with configured_registry(tmp_path, storage=read_only) as address, client() as through:
        with pytest.raises(NotAuthorisedError, match=r"405 .*; the registry is read-only"):
            await through.put_blob(Repository(address, "a/b"), digest_of(b"x"), 1, b"x")

        assert through.requests["POST"] == 1


@pytest.mark.row("W7")
async def test_a_refusal_that_a_registry_wraps_in_a_500_is_not_tried_again(registry: str, tmp_path: Path) -> None:
    layer = {
        "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "digest": digest_of(b"elsewhere"),
        "size": 9,
        "urls": ["https://example.org/layer"],
    }
    foreign = image(b"", layers=[layer])
    async with configured_registry(tmp_path) as address, client() as through:
        with pytest.raises(InputError, match=r"500 \(.*MANIFEST_BLOB_UNKNOWN"):
            await push(through, Repository(address, "a/b").tagged("1.0"), foreign)

        assert through.requests["PUT"] == 3


def helper(folder: Path, script: str) -> dict[str, str]:
    """An environment with a credential helper named `test`, and a Docker configuration that uses it."""
    program = folder / "docker-credential-test"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(stat.S_IRWXU)
    (folder / "config.json").write_text(json.dumps({"credsStore": "test"}))
    return {"DOCKER_CONFIG": str(folder), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


async def test_a_credential_helper_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = json.dumps({"Username": "me", "Secret": SECRET})
    environment = helper(tmp_path, f"read -r server; test $server = ghcr.io && echo '{answer}'")
    monkeypatch.setenv("PATH", environment["PATH"])

    assert await DockerCredentials(environment).of("ghcr.io") == ME


async def test_a_helper_that_knows_nothing_leaves_us_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = helper(tmp_path, "echo credentials not found in native keychain; exit 1")
    monkeypatch.setenv("PATH", environment["PATH"])

    assert await DockerCredentials(environment).of("ghcr.io") is None


@pytest.mark.parametrize("script", [f"echo {SECRET}", f"echo {SECRET}; exit 1", "echo {}", "exit 0"])
@pytest.mark.row("R18")
async def test_a_helper_that_fails_is_named_and_not_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    environment = helper(tmp_path, script)
    monkeypatch.setenv("PATH", environment["PATH"])

    with pytest.raises(InputError, match=r"`docker-credential-test` failed; try `echo ghcr\.io") as raised:
        await DockerCredentials(environment).of("ghcr.io")

    assert SECRET not in str(raised.value)


@pytest.mark.row("R18")
async def test_a_helper_that_hangs_does_not_hold_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = helper(tmp_path, "exec sleep 1")
    monkeypatch.setenv("PATH", environment["PATH"])

    with pytest.raises(InputError, match=r"`docker-credential-test` did not answer within 0.1 s"):
        await DockerCredentials(environment, helper_seconds=0.1).of("ghcr.io")


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that nobody vouches for."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ("-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-days", "1")
    command = ("openssl", "req", *words, "-keyout", str(key), "-out", str(certificate))
    subprocess.run(command, capture_output=True, check=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


@pytest.mark.row("R13")
async def test_a_certificate_that_nobody_vouches_for_ends_it_at_once(self_signed: ssl.SSLContext) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0, ssl=self_signed)

    async with server, Transport(IMPATIENT) as transport:
        url = URL(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2/")
        with pytest.raises(InputError, match=r"asking: no trusted connection to 127.0.0.1:.*: self.signed certificate"):
            await transport.send(Request("asking", "GET", url, registry=""))


@pytest.mark.row("R13")
async def test_a_registry_without_tls_is_not_spoken_to_in_the_clear(registry: str) -> None:
    async with Transport(IMPATIENT) as transport:
        with pytest.raises(InputError, match="asking: no trusted connection to"):
            await transport.send(Request("asking", "GET", URL(f"https://{registry}/v2/"), registry=""))
