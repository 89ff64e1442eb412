"""Images from facts, kept in memory or served over HTTP, with every question counted."""

import datetime as dt
import json
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from orchestrator.errors import ContractBrokenError
from orchestrator.model.oci import DOCKER_CONFIG, DOCKER_MANIFEST, OCI_MANIFEST, Descriptor, Document, digest_of
from orchestrator.model.references import Reference, Repository
from orchestrator.tools.registry import Registry
from tests.golden import FOLDER


@dataclass
class Store:
    """What a registry holds, whatever the repository."""

    documents: dict[str, Document] = field(default_factory=dict)
    """By tag or digest."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    dates: dict[str, str] = field(default_factory=dict)
    """`Last-Modified` by the digest of a layer, whose bytes need not be there."""
    elsewhere: dict[str, str | None] = field(default_factory=dict)
    """`Last-Modified` by the digest of a foreign layer; None where that server does not say."""
    foreign: str = "http://foreign.example/"
    """What the URLs of foreign layers begin with."""

    def document(self, media_type: str, body: Mapping[str, Any], *tags: str) -> Document:
        """Keep a manifest or index under its digest and these tags."""
        document = Document(media_type, json.dumps({"schemaVersion": 2, "mediaType": media_type, **body}).encode())
        self.documents.update(dict.fromkeys((document.digest, *tags), document))
        return document

    def blob(self, content: bytes, media_type: str, **more: Any) -> dict[str, Any]:
        """Keep a blob; returns what a manifest says of it."""
        digest = digest_of(content)
        self.blobs[digest] = content
        return {"mediaType": media_type, "digest": digest, "size": len(content), **more}

    def image(
        self, config: Mapping[str, Any], layers: Sequence[Mapping[str, Any]], *tags: str, media_type: str = OCI_MANIFEST
    ) -> Document:
        """Keep an image, whose layers stay where they are."""
        kind = DOCKER_CONFIG if media_type == DOCKER_MANIFEST else "application/vnd.oci.image.config.v1+json"
        described = self.blob(json.dumps(config).encode(), kind)
        return self.document(media_type, {"config": described, "layers": list(layers)}, *tags)

    def recorded(self, name: str) -> tuple[Reference, str]:
        """Keep an image that was written down in tests/golden/reports.

        Returns what it is called and its report, in which digests are those that documents have here.
        """
        folder = FOLDER / "reports"
        facts = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        report = (folder / f"{name}.md").read_bytes().decode()
        children = []
        for image in facts["images"]:
            layers = [self._layer(layer) for layer in image["layers"]]
            manifest = self.image(_config(image), layers, media_type=image["media_type"])
            entry = {"mediaType": manifest.media_type, "digest": manifest.digest, "size": manifest.size}
            children.append({**entry, "platform": image["platform"]})
            report = report.replace(image["digest"], manifest.digest)
            report = report.replace(image["image_id"], manifest.config.digest if manifest.config else "")
        reference = Reference.parse(facts["name"])
        index = self.document(facts["media_type"], {"manifests": children}, reference.tag)
        return reference, report.replace(facts["digest"], index.digest)

    def _layer(self, layer: Mapping[str, Any]) -> dict[str, Any]:
        digest, is_foreign = layer["digest"], ".foreign." in layer["media_type"]
        if is_foreign:
            self.elsewhere[digest] = layer["modified"]
        elif layer["modified"]:
            self.dates[digest] = layer["modified"]
        said = {"mediaType": layer["media_type"], "digest": digest, "size": layer["size"]}
        return {**said, "urls": [f"{self.foreign}{digest}"]} if is_foreign else said


def _config(image: Mapping[str, Any]) -> dict[str, Any]:
    platform = image["platform"]
    return {
        **platform,
        "docker_version": image["docker_version"],
        "config": {"Cmd": image["command"], "Entrypoint": None, "Shell": image["shell"]},
        "history": image["history"],
    }


class InMemory(Registry):
    """A store as a registry; notes each question."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked: Counter[str] = Counter()

    async def document(self, reference: Reference) -> Document | None:
        self.asked[f"document {reference}"] += 1
        return self.store.documents.get(reference.digest or reference.tag)

    async def modified(self, repository: Repository, layer: Descriptor) -> dt.datetime | None:
        self.asked[f"date {layer.digest}"] += 1
        dates = self.store.elsewhere if layer.is_foreign else self.store.dates
        date = dates.get(layer.digest)
        return parsedate_to_datetime(date) if date else None

    async def blob(self, repository: Repository, digest: str, *, max_bytes: int) -> bytes:
        self.asked[f"blob {digest}"] += 1
        if digest not in self.store.blobs:
            raise ContractBrokenError(f"{repository} does not have {digest}")
        return self.store.blobs[digest]

    async def stream_blob(self, repository: Repository, digest: str) -> AsyncGenerator[bytes, None]:
        content = await self.blob(repository, digest, max_bytes=len(self.store.blobs.get(digest, b"")))
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    async def tags(self, repository: Repository) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.store.documents if ":" not in name))


class Served:
    """A store behind a registry's API on loopback, with dates as a proxy of Docker Hub has them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.address = ""
        self.asked: Counter[str] = Counter()
        """By method and path."""

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_get("/v2/{repository:.+}/manifests/{name}", self._manifest)
        application.router.add_get("/v2/{repository:.+}/blobs/{digest}", self._blob)
        application.router.add_get("/v2/{repository:.+}/tags/list", self._tags)
        application.router.add_get("/foreign/{digest}", self._foreign)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"127.0.0.1:{self._runner.addresses[0][1]}"
        self.store.foreign = f"http://{self.address}/foreign/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _manifest(self, request: web.Request) -> web.Response:
        self.asked[f"{request.method} {request.path}"] += 1
        document = self.store.documents.get(request.match_info["name"])
        if document is None:
            return web.json_response({"errors": [{"code": "MANIFEST_UNKNOWN"}]}, status=404)
        headers = {"Content-Type": document.media_type, "Docker-Content-Digest": document.digest}
        return web.Response(body=document.content, headers=headers)

    async def _blob(self, request: web.Request) -> web.Response:
        self.asked[f"{request.method} {request.path}"] += 1
        digest = request.match_info["digest"]
        date = self.store.dates.get(digest)
        headers = {"Last-Modified": date} if date else {}
        if digest not in self.store.blobs and not date:
            return web.json_response({"errors": [{"code": "BLOB_UNKNOWN"}]}, status=404)
        return web.Response(body=self.store.blobs.get(digest, b""), headers=headers)

    async def _tags(self, request: web.Request) -> web.Response:
        self.asked[f"{request.method} {request.path}"] += 1
        return web.json_response({"tags": [name for name in self.store.documents if ":" not in name]})

    async def _foreign(self, request: web.Request) -> web.Response:
        self.asked[f"{request.method} {request.path}"] += 1
        date = self.store.elsewhere.get(request.match_info["digest"])
        return web.Response(headers={"Last-Modified": date} if date else {})
