import asyncio
import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from orchestrator.errors import ContractBrokenError, InputError, UnavailableError
from orchestrator.model.facts import Source
from orchestrator.tools.downloads import downloads
from orchestrator.tools.registry.retry import Policy
from orchestrator.tools.sources import fetch
from tests.real import orchestrator

pytestmark = pytest.mark.integration

QUICK = Policy(attempts=3, first_seconds=0.01, unreachable_seconds=0.01, answer_seconds=1.0)
CONTENT = b"tarball" * 100_000
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(*answers: Answer) -> AsyncIterator[tuple[str, list[str]]]:
    """A server on loopback that gives these answers, the last one again and again: its URL, and what it was asked."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return await answers[min(len(asked), len(answers)) - 1](request)

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


async def whole(request: web.Request) -> web.StreamResponse:
    return web.Response(body=CONTENT)


async def busy(request: web.Request) -> web.StreamResponse:
    return web.Response(status=503)


async def missing(request: web.Request) -> web.StreamResponse:
    return web.Response(status=404, text="no such file")


async def forbidden(request: web.Request) -> web.StreamResponse:
    return web.Response(status=403)


async def packed(request: web.Request) -> web.StreamResponse:
    return web.Response(body=gzip.compress(CONTENT), headers={"Content-Encoding": "gzip"})


async def cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
    await response.prepare(request)
    await response.write(CONTENT[:1000])
    if request.transport is not None:
        request.transport.abort()
    return response


async def stalled(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(CONTENT[:1000])
    await asyncio.sleep(10)
    return response


async def moved(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/elsewhere")


async def moved_to_another_protocol(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("ftp://127.0.0.1/file")


@pytest.mark.parametrize(
    ("answers", "requests"),
    [((whole,), 1), ((busy, busy, whole), 3), ((cut, whole), 2), ((stalled, whole), 2), ((moved, moved, whole), 3)],
)
async def test_a_download_survives_what_goes_away_by_itself(
    tmp_path: Path, answers: tuple[Answer, ...], requests: int
) -> None:
    async with serving(*answers) as (url, asked), downloads(QUICK) as download:
        checksum = await download(f"{url}/file", into=tmp_path / "file", is_verified=True)

    assert checksum == CHECKSUM
    assert len(asked) == requests


@pytest.mark.parametrize(
    ("answer", "error", "message", "requests"),
    [
        (busy, UnavailableError, "tried 3 times without success, last: status 503", 3),
        (cut, UnavailableError, "tried 3 times without success", 3),
        (forbidden, UnavailableError, "refused with status 403", 1),
        (moved, ContractBrokenError, "redirected more than 5 times", 6),
        (moved_to_another_protocol, ContractBrokenError, "expected another place reached by http", 1),
    ],
)
async def test_a_download_that_fails_says_how(
    tmp_path: Path, answer: Answer, error: type[Exception], message: str, requests: int
) -> None:
    async with serving(answer) as (url, asked), downloads(QUICK) as download:
        with pytest.raises(error, match=message):
            await download(f"{url}/file", into=tmp_path / "file", is_verified=True)

    assert len(asked) == requests


async def test_what_is_not_there_is_an_answer_and_no_failure(tmp_path: Path) -> None:
    async with serving(missing) as (url, asked), downloads(QUICK) as download:
        assert await download(f"{url}/file", into=tmp_path / "file", is_verified=True) is None

    assert len(asked) == 1


async def test_a_packed_answer_is_kept_as_it_came(tmp_path: Path) -> None:
    async with serving(packed) as (url, _), downloads(QUICK) as download:
        checksum = await download(f"{url}/file.gz", into=tmp_path / "file", is_verified=True)

    assert checksum == hashlib.sha256((tmp_path / "file").read_bytes()).hexdigest()
    assert gzip.decompress((tmp_path / "file").read_bytes()) == CONTENT


async def test_a_download_without_end_is_left(tmp_path: Path) -> None:
    async with serving(whole) as (url, _), downloads(QUICK, max_bytes=1000) as download:
        with pytest.raises(ContractBrokenError, match="larger than 1000 bytes"):
            await download(f"{url}/file", into=tmp_path / "file", is_verified=True)


async def test_without_a_checksum_only_https_will_do(tmp_path: Path) -> None:
    async with downloads(QUICK) as download:
        with pytest.raises(InputError, match="there is no checksum for it, so it must come by https"):
            await download("http://nowhere.invalid/key.asc", into=tmp_path / "file", is_verified=False)


async def test_a_host_that_cannot_be_reached_is_tried_patiently_only_once(tmp_path: Path) -> None:
    async with downloads(QUICK) as download:
        with pytest.raises(UnavailableError, match=r"cannot reach nowhere\.invalid:443.*tried 3 times"):
            await download("https://nowhere.invalid/a", into=tmp_path / "a", is_verified=True)
        with pytest.raises(UnavailableError, match=r"/b: cannot reach nowhere\.invalid:443: its name is not known$"):
            await download("https://nowhere.invalid/b", into=tmp_path / "b", is_verified=True)


async def test_an_interrupted_download_leaves_nothing_and_works_again(tmp_path: Path) -> None:
    began = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        began.set()
        return await stalled(request)

    async with serving(endless, whole) as (url, asked), downloads(Policy()) as download:
        source = Source("file", f"{url}/file", CHECKSUM)
        first = asyncio.create_task(fetch([source], cache=tmp_path, download=download, mirrors={}))
        await began.wait()
        # Long enough for the first bytes to be on the disk; the rest never comes.
        await asyncio.sleep(0.2)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        left = _files(tmp_path / "sha256")

        paths = await fetch([source], cache=tmp_path, download=download, mirrors={})

    assert left == []
    assert paths[source].read_bytes() == CONTENT
    assert len(asked) == 2


async def test_processes_that_need_the_same_file_at_once_fetch_it_once(tmp_path: Path) -> None:
    async with serving(whole) as (url, asked):
        _image(tmp_path / "image", url)
        words = ("-C", str(tmp_path / "image"), "sources", "fetch")
        runs = [asyncio.to_thread(orchestrator, *words, state=tmp_path / "state") for _ in range(3)]

        finished = await asyncio.gather(*runs)

    path = tmp_path / "state" / "sources" / "sha256" / CHECKSUM
    assert {each.stdout for each in finished} == {f"tool-1.0.0.tar.xz  {path}\n"}
    assert asked == ["/tool-1.0.0.tar.xz"]


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def _image(root: Path, url: str) -> None:
    root.mkdir()
    line = {"version": "1.0.0", "variants": ["slim-trixie"], "checksums": {"source": {"sha256": CHECKSUM}}}
    rule = {
        "file": "tool-{version}.tar.xz",
        "url": f"{url}/tool-{{version}}.tar.xz",
        "sha256": "checksums.source.sha256",
    }
    config = {"image": "tool", "bases": {"slim": "busybox:{release}"}, "sources": [rule]}
    (root / "versions.json").write_text(json.dumps({"1.0": line}))
    (root / "orchestrator.yaml").write_text(json.dumps(config))
