"""Tests of dates of layers, over HTTP."""

import datetime as dt
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from orchestrator.model.oci import DOCKER_LAYER, Descriptor, digest_of
from orchestrator.model.references import Repository
from tests.fault_rules import Rule
from tests.faultproxy import FaultProxy
from tests.pushing import client
from tests.stored_images import Served, Store

pytestmark = pytest.mark.integration

DIGEST = digest_of(b"layer")
SAID = "Fri, 22 Nov 2019 15:02:34 GMT"
MEANT = dt.datetime(2019, 11, 22, 15, 2, 34, tzinfo=dt.UTC)
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
HEAD = "/blobs/"


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    async with Served(Store(dates={DIGEST: SAID}, elsewhere={DIGEST: SAID})) as served:
        yield served


@pytest_asyncio.fixture
async def proxy(served: Served) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(served.address) as proxy:
        yield proxy


async def date(proxy: FaultProxy, media_type: str = DOCKER_LAYER, *urls: str) -> dt.datetime | None:
    async with client() as registry:
        layer = Descriptor(media_type, DIGEST, 5, urls=urls)
        return await registry.modified(Repository(proxy.address, "library/tool"), layer)


async def test_the_date_of_a_layer_is_the_registrys(proxy: FaultProxy) -> None:
    assert await date(proxy) == MEANT
    assert [seen.method for seen in proxy.seen] == ["HEAD"]


async def test_a_redirect_leads_to_who_knows_the_date(proxy: FaultProxy, served: Served) -> None:
    elsewhere = {"Location": f"http://{served.address}/foreign/{DIGEST}"}
    proxy.rules = [Rule(method="HEAD", path=HEAD, status=307, headers=elsewhere)]

    assert await date(proxy) == MEANT


@pytest.mark.parametrize(
    "rule",
    [
        Rule(path=HEAD, status=403),
        Rule(path=HEAD, status=404),
        Rule(path=HEAD, status=200),
        Rule(path=HEAD, status=200, headers={"Last-Modified": "yesterday"}),
    ],
)
async def test_a_date_that_is_not_said_is_none(proxy: FaultProxy, rule: Rule) -> None:
    proxy.rules = [rule]

    assert await date(proxy) is None


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_registry_is_asked_again(proxy: FaultProxy, status: int) -> None:
    proxy.rules = [Rule(path=HEAD, status=status, times=2)]

    assert await date(proxy) == MEANT
    assert len(proxy.seen) == 3


async def test_a_foreign_layer_is_looked_at_where_it_is(proxy: FaultProxy, served: Served) -> None:
    assert await date(proxy, FOREIGN, f"{served.store.foreign}{DIGEST}") == MEANT
    assert [list(served.asked), proxy.seen] == [[f"HEAD /foreign/{DIGEST}"], []]


async def test_a_foreign_layer_without_a_url_is_the_registrys(proxy: FaultProxy) -> None:
    assert await date(proxy, FOREIGN) == MEANT


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "http://[x", "ftp://127.0.0.1/x", "/etc/passwd", "http://me@127.0.0.1/x"]
)
async def test_a_url_that_leads_nowhere_says_no_date(proxy: FaultProxy, url: str) -> None:
    assert await date(proxy, FOREIGN, url) is None
    assert proxy.seen == []
