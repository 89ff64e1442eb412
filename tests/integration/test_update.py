"""The verb `update` as people run it, before a server on loopback that plays upstream."""

import asyncio
import base64
import hashlib
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from orchestrator.errors import ContractBrokenError, ExitCode, UnavailableError
from orchestrator.tools.registry.retry import Policy
from orchestrator.tools.upstream import PAGE_MAX_BYTES, upstream
from tests.real import orchestrator

pytestmark = pytest.mark.integration

QUICK = Policy(attempts=2, first_seconds=0.01, unreachable_seconds=0.01, answer_seconds=0.5)
WINDOWS = ["windows/windowsservercore-ltsc2025", "windows/windowsservercore-ltsc2022"]
SHIPPED = Path(__file__).parents[2]
"""The image that comes with us; its templates and its configuration are what is tested."""

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Site = dict[str, bytes]
"""What upstream has, by path; a folder is listed by itself."""


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[str]:
    """A server on loopback: its URL."""
    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        place = web.TCPSite(runner, "127.0.0.1", 0)
        await place.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serving(site: Mapping[str, bytes]) -> AsyncIterator[tuple[str, list[str]]]:
    """Upstream on loopback: its URL, and what it was asked."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(f"{request.method} {request.path}")
        if request.path in site:
            return web.Response(body=site[request.path])
        below = {path.removeprefix(request.path) for path in site if path.startswith(request.path)}
        if not request.path.endswith("/") or not below:
            return web.Response(status=404, text="<h1>Not Found</h1>")
        names = sorted({f"{name.partition('/')[0]}{'/' if '/' in name else ''}" for name in below})
        return web.Response(text="".join(f'<a href="{name}">{name}</a>\n' for name in names), content_type="text/html")

    async with answering(answer) as url:
        yield url, asked


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sigstore(content: bytes) -> bytes:
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return json.dumps({"messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": digest}}}).encode()


def spdx(file: str, content: bytes) -> bytes:
    sums = [{"algorithm": "SHA256", "checksumValue": sha(content)}]
    return json.dumps({"packages": [{"name": "CPython", "packageFileName": file, "checksums": sums}]}).encode()


def release(version: str, *, folder: str = "", installer: bool = True) -> Site:
    """The downloads of a release, each with its name as content."""
    names = [f"Python-{version}.tar.xz", *([f"python-{version}-amd64.exe"] if installer else [])]
    return {f"/ftp/python/{folder or version}/{name}": name.encode() for name in names}


def image(root: Path, url: str) -> Path:
    """The shipped image, whose upstream is at `url`."""
    root.mkdir()
    config = (SHIPPED / "orchestrator.yaml").read_text()
    for host in ("https://www.python.org", "https://raw.githubusercontent.com"):
        config = config.replace(host, url)
    (root / "orchestrator.yaml").write_text(config)
    (root / "versions.json").write_text((SHIPPED / "versions.json").read_text())
    (root / "templates").symlink_to(SHIPPED / "templates")
    return root


def versions(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "versions.json").read_text())
    return found


async def ran(root: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        orchestrator, "-C", str(root), *words, state=root / "state", environment={"CI": "1"}, check=check
    )


def upstream_of(catalog: Mapping[str, Any]) -> Site:
    """Upstream as it was when this versions.json was written, checksums included."""
    site: Site = {}
    for line in catalog.values():
        version, folder = line["version"], line["version"].partition("b")[0]
        site.update(release(version, folder=folder, installer="windows" in line["checksums"]))
        for name, file in (("source", f"Python-{version}.tar.xz"), ("windows", f"python-{version}-amd64.exe")):
            if name in line["checksums"]:
                digest = base64.b64encode(bytes.fromhex(line["checksums"][name]["sha256"])).decode()
                announced = {"messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": digest}}}
                site[f"/ftp/python/{folder}/{file}.sigstore"] = json.dumps(announced).encode()
    return site


@pytest.fixture
def site() -> Site:
    return upstream_of(versions(SHIPPED))


async def test_new_releases_reach_versions_json_and_the_dockerfiles(tmp_path: Path, site: Site) -> None:
    new = {
        **release("3.14.7"),
        **release("3.15.0b4", folder="3.15.0"),
        **release("3.11.16", installer=False),
        "/ftp/python/3.14.7/Python-3.14.7.tar.xz.sigstore": sigstore(b"announced by sigstore"),
        "/ftp/python/3.14.7/Python-3.14.7.tar.xz.spdx.json": spdx("Python-3.14.7.tar.xz", b"not asked"),
        "/ftp/python/3.14.7/python-3.14.7-amd64.exe.spdx.json": spdx("python-3.14.7-amd64.exe", b"announced by SPDX"),
        "/python/cpython/v3.11.16/Lib/ensurepip/__init__.py": b'_PIP_VERSION = "1"\n_SETUPTOOLS_VERSION = "80.1"\n',
    }
    async with serving({**site, **new}) as (url, _):
        root = image(tmp_path / "image", url)
        before = versions(root)

        first = await ran(root, "update")
        again = await ran(root, "update", "--check")
        await ran(root, "render")

    expected = json.loads(json.dumps(before))
    expected["3.14"].update(
        version="3.14.7",
        checksums={
            "source": {"sha256": sha(b"announced by sigstore")},
            "windows": {"sha256": sha(b"announced by SPDX")},
        },
    )
    expected["3.15-rc"].update(
        version="3.15.0b4",
        checksums={
            "source": {"sha256": sha(b"Python-3.15.0b4.tar.xz")},
            "windows": {"sha256": sha(b"python-3.15.0b4-amd64.exe")},
        },
    )
    expected["3.11"].update(
        version="3.11.16",
        checksums={"source": {"sha256": sha(b"Python-3.11.16.tar.xz")}},
        setuptools={"version": "80.1"},
    )
    text = (root / "versions.json").read_text()
    assert text == json.dumps(expected, indent=2, sort_keys=True) + "\n"
    assert first.stdout.splitlines() == [
        "LINE     RELEASE               WHAT",
        "3.15-rc  3.15.0b3 -> 3.15.0b4  Update 3.15-rc to 3.15.0b4",
        "3.14     3.14.6 -> 3.14.7      Update 3.14 to 3.14.7",
        "3.13     3.13.14               up to date",
        "3.12     3.12.13               up to date",
        "3.11     3.11.15 -> 3.11.16    Update 3.11 to 3.11.16, setuptools 80.1",
        "3.10     3.10.20               up to date",
    ]
    assert (again.returncode, again.stderr) == (ExitCode.DONE, "")
    assert "3.14.7" in (root / "dockerfiles" / "3.14" / "slim-trixie" / "Dockerfile").read_text()


async def test_a_named_line_alone_is_looked_up_and_a_check_writes_nothing(tmp_path: Path, site: Site) -> None:
    async with serving({**site, **release("3.14.7"), **release("3.13.15")}) as (url, asked):
        root = image(tmp_path / "image", url)
        before = (root / "versions.json").read_bytes()

        checked = await ran(root, "update", "3.14", "--check", "--format", "json", check=False)

    found = json.loads(checked.stdout)
    assert (checked.returncode, found["exit_code"]) == (ExitCode.FILES_DIFFER, 4)
    assert (found["commit_message"], [line["line"] for line in found["lines"]]) == ("Update 3.14 to 3.14.7\n", ["3.14"])
    assert (root / "versions.json").read_bytes() == before
    assert [each for each in asked if "3.13" in each] == []


async def test_a_late_installer_is_told_with_a_hold_that_works(tmp_path: Path, site: Site) -> None:
    async with serving({**site, **release("3.14.7", installer=False)}) as (url, _):
        root = image(tmp_path / "image", url)

        first = await ran(root, "update", "3.14")
        hold = first.stderr.partition("in orchestrator.yaml: ")[2].strip()
        config = root / "orchestrator.yaml"
        config.write_text(f"{config.read_text()}\nholds:\n  - {hold}\n")
        listed = await ran(root, "list", "--format", "json", "--version", "3.14", "--variant", "windowsservercore")
        again = await ran(root, "update", "3.14")

    assert set(versions(root)["3.14"]["variants"]).isdisjoint(WINDOWS)
    assert {target["version"] for target in json.loads(listed.stdout)["targets"]} == {"3.14.6"}
    assert again.stderr == ""


async def test_an_installer_that_comes_later_brings_its_variants_back(tmp_path: Path, site: Site) -> None:
    late, whole = {**site, **release("3.14.7", installer=False)}, {**site, **release("3.14.7")}
    async with serving(late) as (url, _):
        root = image(tmp_path / "image", url)
        before = versions(root)["3.14"]["variants"]
        await ran(root, "update", "3.14")
    async with serving(whole) as (other, _):
        config = root / "orchestrator.yaml"
        config.write_text(config.read_text().replace(url, other))

        came = await ran(root, "update", "3.14")

    assert versions(root)["3.14"]["variants"] == before
    assert "Add windowsservercore-ltsc2025, windowsservercore-ltsc2022 to 3.14" in came.stdout


async def test_a_release_that_was_made_anew_is_refused_until_it_is_accepted(tmp_path: Path, site: Site) -> None:
    remade = {"/ftp/python/3.13.14/Python-3.13.14.tar.xz.sigstore": sigstore(b"remade")}
    async with serving({**site, **release("3.14.7"), **remade}) as (url, _):
        root = image(tmp_path / "image", url)
        before = versions(root)

        refused = await ran(root, "update", "3.13", "3.14", check=False)
        after = versions(root)
        await ran(root, "update", "3.13", "--accept-changed-checksum")

    assert refused.returncode == ExitCode.INPUT
    assert refused.stderr.startswith(
        f"3.13 stays at 3.13.14: versions.json has sha256 {before['3.13']['checksums']['source']['sha256']} for "
        f"Python-3.13.14.tar.xz, upstream announces {sha(b'remade')} now; "
    )
    assert (after["3.13"], after["3.14"]["version"]) == (before["3.13"], "3.14.7")
    assert versions(root)["3.13"]["checksums"]["source"] == {"sha256": sha(b"remade")}


@pytest.mark.parametrize("page", [b"", b"<html><h1>503 Backend fetch failed</h1></html>", b"x"])
async def test_a_page_that_lists_nothing_costs_no_line(tmp_path: Path, site: Site, page: bytes) -> None:
    folders = {f"{path.rpartition('/')[0]}/": page for path in site}
    async with serving({"/ftp/python/": page, **folders, **site}) as (url, _):
        root = image(tmp_path / "image", url)
        before = (root / "versions.json").read_bytes()

        result = await ran(root, "update", check=False)

    assert (result.returncode, (root / "versions.json").read_bytes()) == (ExitCode.UNAVAILABLE, before)
    assert len(result.stderr.splitlines()) == 6


async def test_a_patch_has_all_that_changes_and_applies(tmp_path: Path, site: Site) -> None:
    async with serving({**site, **release("3.14.7", installer=False)}) as (url, _):
        root = image(tmp_path / "image", url)
        await ran(root, "render")
        before = (root / "versions.json").read_bytes()

        await ran(root, "update", "--dry-run", "--patch", str(tmp_path / "update.patch"))

    unchanged = (root / "versions.json").read_bytes()
    apply = ("git", "apply", str(tmp_path / "update.patch"))
    await asyncio.to_thread(subprocess.run, apply, cwd=root, check=True, capture_output=True)
    rendered = await ran(root, "render", "--check")
    assert (tmp_path / "update.patch").read_text().startswith("Update 3.14 to 3.14.7\n\n- 3.14: without windows")
    assert unchanged == before
    assert (versions(root)["3.14"]["version"], rendered.stdout) == ("3.14.7", "")
    assert not (root / "dockerfiles" / "3.14" / "windows").exists()


async def huge(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b" " * (PAGE_MAX_BYTES + 1))


async def dripping(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await asyncio.sleep(5)
    return response


async def elsewhere(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("ftp://127.0.0.1/")


async def busy(request: web.Request) -> web.StreamResponse:
    return web.Response(status=503)


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (huge, ContractBrokenError, f"the answer is longer than {PAGE_MAX_BYTES} bytes"),
        (dripping, UnavailableError, "tried 2 times without success, last: no answer from"),
        (elsewhere, ContractBrokenError, "expected another place reached by http"),
        (busy, UnavailableError, "tried 2 times without success, last: status 503"),
    ],
)
async def test_a_page_is_read_within_limits_of_size_and_time(
    answer: Answer, error: type[Exception], message: str
) -> None:
    async with answering(answer) as url, upstream(QUICK) as asked:
        with pytest.raises(error, match=message):
            await asked.text(f"{url}/")


async def test_files_are_looked_for_without_reading_them_and_counted_without_keeping_them(site: Site) -> None:
    path = "/ftp/python/3.14.6/Python-3.14.6.tar.xz"
    async with serving(site) as (url, asked), upstream(QUICK) as web_:
        there = [await web_.exists(f"{url}{each}") for each in (path, f"{path}.asc")]
        sums = [await web_.sha256(f"{url}{each}") for each in (path, f"{path}.asc")]

    assert (there, sums) == ([True, False], [sha(b"Python-3.14.6.tar.xz"), None])
    assert asked == [f"HEAD {path}", f"HEAD {path}.asc", f"GET {path}", f"GET {path}.asc"]
