"""A Docker engine of a release of Windows that only plays: its API over HTTP, its images one layer on a real base.

No engine on Linux builds for Windows. This one answers what the tool asks of one: it pulls the base from its registry,
tells the steps of the Dockerfile in the words of the classic builder, and saves an image that has the layers and the
`os.version` of the base, and one layer with the Dockerfile in it.
"""

import asyncio
import contextlib
import gzip
import io
import json
import os
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from orchestrator.model.dockerfile.instructions import instructions
from orchestrator.model.oci import digest_of
from orchestrator.model.references import Reference
from tests.fake_engine import MadeImage, image, plain, saved_in_folders

_STEP_SECONDS = 0.5
_TRIES = 10
_PLATFORM = "windows/amd64"


@contextlib.asynccontextmanager
async def windows_engine(socket: Path, os_version: str) -> AsyncIterator[None]:
    """An engine of this release, such as 10.0.26100.4061, that listens at a unix socket."""
    async with aiohttp.ClientSession() as session:
        engine = _Engine(os_version, session)
        application = web.Application(client_max_size=1 << 30)
        application.router.add_routes(
            [
                web.get("/version", engine.version),
                web.get("/{api}/version", engine.version),
                web.get("/{api}/info", engine.info),
                web.post("/{api}/images/create", engine.pull),
                web.get("/{api}/images/{name:.+}/json", engine.inspect),
                web.get("/{api}/images/{name:.+}/get", engine.save),
                web.delete("/{api}/images/{name:.+}", engine.remove),
                web.post("/{api}/build", engine.build),
            ]
        )
        runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        try:
            await web.UnixSite(runner, str(socket)).start()
            yield
        finally:
            await runner.cleanup()


class _Engine:
    def __init__(self, os_version: str, session: aiohttp.ClientSession) -> None:
        self._os_version = os_version
        self._session = session
        self._images: dict[str, MadeImage] = {}
        """By name and by ID."""

    async def version(self, request: web.Request) -> web.Response:
        # It says this machine's kernel: then nobody asks its BuildKit, which it has not, what it emulates.
        about = {
            "Version": "26.1.5",
            "ApiVersion": "1.45",
            "Os": "windows",
            "Arch": "amd64",
            "KernelVersion": os.uname().release,
        }
        return web.json_response(about)

    async def info(self, request: web.Request) -> web.Response:
        return web.json_response({"OSType": "windows", "OSVersion": self._os_version})

    async def pull(self, request: web.Request) -> web.Response:
        place = Reference.parse(f"{request.query['fromImage']}@{request.query['tag']}")
        self._images[str(place)] = await self._pulled(place)
        return web.json_response({"status": "Pull complete"})

    async def inspect(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._images:
            return web.json_response({"message": f"No such image: {name}"}, status=404)
        is_base = "@" in name
        made = self._images[name]
        names = {"RepoTags": [] if is_base else [name], "RepoDigests": [name] if is_base else []}
        return web.json_response({"Id": digest_of(made.config), **names})

    async def save(self, request: web.Request) -> web.Response:
        return web.Response(body=saved_in_folders(self._images[request.match_info["name"]]))

    async def remove(self, request: web.Request) -> web.Response:
        made = self._images.pop(request.match_info["name"])
        self._images.pop(digest_of(made.config), None)
        return web.json_response([])

    async def build(self, request: web.Request) -> web.StreamResponse:
        dockerfile = _member(await request.read(), request.query["dockerfile"])
        steps = instructions(dockerfile)
        base = self._images[steps[0].text.split()[0]]
        made = _on(base, dockerfile, self._os_version)
        identity = digest_of(made.config)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for number, step in enumerate(steps, start=1):
            await asyncio.sleep(_STEP_SECONDS)
            await _say(response, stream=f"Step {number}/{len(steps)} : {step.keyword} {step.text}")
            await _say(response, stream="\n")
        self._images[request.query["t"]] = self._images[identity] = made
        await _say(response, aux={"ID": identity})
        await _say(response, stream=f"Successfully built {identity.removeprefix('sha256:')[:12]}\n")
        return response

    async def _pulled(self, place: Reference) -> MadeImage:
        manifest = json.loads(await self._got(place, f"manifests/{place.digest}"))
        config = await self._got(place, f"blobs/{manifest['config']['digest']}")
        layers = [await self._got(place, f"blobs/{layer['digest']}") for layer in manifest["layers"]]
        return MadeImage(config, tuple(map(gzip.decompress, layers)))

    async def _got(self, place: Reference, path: str) -> bytes:
        url = f"http://{place.registry}/v2/{place.repository.path}/{path}"
        for _ in range(_TRIES):
            async with self._session.get(url, headers={"Accept": "*/*"}) as response:
                if response.status != 429:
                    response.raise_for_status()
                    return await response.read()
                await asyncio.sleep(float(response.headers["Retry-After"]))
        raise web.HTTPTooManyRequests(text=json.dumps({"message": f"{url}: too many requests"}))


def _on(base: MadeImage, dockerfile: str, os_version: str) -> MadeImage:
    layer = plain({"Files/hello/Dockerfile": dockerfile.encode()})
    facts = {"os.version": json.loads(base.config).get("os.version", os_version), "config": {"Cmd": ["cmd"]}}
    return image(*base.layers, layer, platform=_PLATFORM, **facts)


def _member(archive: bytes, name: str) -> str:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        file = opened.extractfile(name)
        return file.read().decode() if file else ""


async def _say(response: web.StreamResponse, **message: Any) -> None:
    await response.write(json.dumps(message).encode() + b"\r\n")
