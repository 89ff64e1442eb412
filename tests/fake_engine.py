"""An engine with the classic builder, as far as the Docker SDK shows it, and archives as engines save them."""

import gzip
import io
import json
import tarfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import requests
from docker.errors import APIError, ImageNotFound

from orchestrator.model.oci import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.platforms import Platform
from tests.samples import tar


@dataclass(frozen=True, slots=True)
class MadeImage:
    """An image by its configuration and the plain archives of its layers."""

    config: bytes
    layers: tuple[bytes, ...]

    @property
    def manifest(self) -> bytes:
        """What containerd's image store keeps of it."""
        stored = [gzip.compress(layer, mtime=0) for layer in self.layers]
        content = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": Descriptor(OCI_CONFIG, digest_of(self.config), len(self.config)).entry,
            "layers": [Descriptor(OCI_LAYER, digest_of(layer), len(layer)).entry for layer in stored],
        }
        return json.dumps(content).encode()


def plain(files: Mapping[str, bytes]) -> bytes:
    """A layer as a plain archive."""
    return gzip.decompress(tar(files))


def image(*layers: bytes, platform: str = "linux/amd64", **more: Any) -> MadeImage:
    """An image of these plain layers; `more` are further keys of its configuration."""
    on = Platform.parse(platform)
    facts = {"os": on.os, "architecture": on.architecture, **({"variant": on.variant} if on.variant else {}), **more}
    facts["rootfs"] = {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]}
    return MadeImage(json.dumps(facts).encode(), layers)


def archive(members: Iterable[tuple[str, bytes | str]]) -> bytes:
    """An archive of files in this order; a text is the target of a link."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as file:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                file.addfile(member)
            else:
                member.size = len(content)
                file.addfile(member, io.BytesIO(content))
    return output.getvalue()


def saved_plain(made: MadeImage) -> bytes:
    """As Docker 25 and later save an image: an OCI layout with plain layers."""
    blobs = {_blob(content): content for content in (made.config, *made.layers)}
    return archive([*blobs.items(), _list(_blob(made.config), map(_blob, made.layers))])


def saved_by_containerd(made: MadeImage) -> bytes:
    """As Docker saves an image from containerd's store: an OCI layout with layers in gzip."""
    stored = [gzip.compress(layer, mtime=0) for layer in made.layers]
    blobs = {_blob(content): content for content in (made.config, made.manifest, *stored)}
    return archive([*blobs.items(), _list(_blob(made.config), map(_blob, stored))])


def saved_in_folders(made: MadeImage) -> bytes:
    """As Docker saved an image before version 25: a folder for each layer, equal layers as links to the first."""
    members: list[tuple[str, bytes | str]] = []
    for number, layer in enumerate(made.layers):
        first = made.layers.index(layer)
        members.append((f"{number:064}/VERSION", b"1.0"))
        members.append((f"{number:064}/layer.tar", layer if first == number else f"../{first:064}/layer.tar"))
    config = f"{digest_of(made.config).removeprefix('sha256:')}.json"
    paths = (f"{number:064}/layer.tar" for number in range(len(made.layers)))
    return archive([*members, (config, made.config), _list(config, paths)])


def _blob(content: bytes) -> str:
    return f"blobs/sha256/{digest_of(content).removeprefix('sha256:')}"


def _list(config: str, layers: Iterable[str]) -> tuple[str, bytes]:
    listed = [{"Config": config, "RepoTags": None, "Layers": list(layers)}]
    return "manifest.json", json.dumps(listed).encode()


@dataclass
class FakeEngine:
    """Builds what the test says and notes what it is asked; is its own client, `api` and `images`."""

    says: Iterable[Mapping[str, Any]] = ()
    """The messages of the builder; one that is an exception is raised."""
    archive: bytes = b""
    """What it saves of the image that it built."""
    images_there: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Attributes of images by the names that they are asked for by; a build adds its own."""
    pull_says: Iterable[Mapping[str, Any]] = ({"status": "Pulling"},)
    in_use: int = 0
    """So many removals find the image in use."""
    lists_break: int = 0
    """So many lists of images break off."""
    unreachable: bool = False
    hangs: bool = False
    """Whether a build never says its last word."""
    identity: str = "engine"
    context: bytes = b""
    calls: list[str] = field(default_factory=list)
    options: Mapping[str, Any] = field(default_factory=dict)
    """Of the last build."""
    released: threading.Event = field(default_factory=threading.Event)
    timeout: float = 60
    hooks: dict[str, list[Any]] = field(default_factory=lambda: {"response": []})

    @property
    def api(self) -> "FakeEngine":
        return self

    images = api

    def connect(self) -> Any:
        if self.unreachable:
            raise ConnectionRefusedError(111, "Connection refused")
        return self

    def close(self) -> None:
        self.calls.append("close")

    def info(self) -> Mapping[str, Any]:
        return {"ID": self.identity}

    def build(self, *, fileobj: io.BytesIO, tag: str, **options: Any) -> Iterator[Mapping[str, Any]]:
        self.context = fileobj.read()
        self.options = options
        self.calls.append("build")
        for hook in self.hooks["response"]:
            hook(_Response(self.released))
        failed = False
        for message in self.says:
            if isinstance(message, Exception):
                raise message
            failed = failed or "error" in message
            yield message
        if self.hangs:
            self.released.wait(10)
            raise ConnectionResetError(104, "Connection reset by peer")
        if not failed:
            self.images_there[tag] = {"RepoTags": [tag]}

    def pull(self, repository: str, *, tag: str, platform: str, **_: Any) -> Iterator[Mapping[str, Any]]:
        self.calls.append(f"pull {repository}@{tag} {platform}")
        yield from self.pull_says

    def __call__(self, *, all: bool) -> list[Mapping[str, Any]]:  # noqa: A002 - the SDK calls it so
        """What `api.images` lists."""
        if self.lists_break:
            self.lists_break -= 1
            raise refusal(404, "content digest sha256:1: not found")
        return [{"Id": f"sha256:{name:0<64}", "ParentId": "", **attrs} for name, attrs in self.images_there.items()]

    def get(self, name: str) -> Any:
        if name not in self.images_there:
            raise ImageNotFound(f"no such image: {name}")
        return SimpleNamespace(attrs=self.images_there[name], save=self._save)

    def remove(self, name: str) -> None:
        if self.in_use:
            self.in_use -= 1
            raise refusal(409, "the image is in use")
        self.calls.append(f"remove {name.partition(':')[0]}")
        del self.images_there[name]

    def _save(self) -> Iterator[bytes]:
        self.calls.append("save")
        for start in range(0, len(self.archive), 1000):
            yield self.archive[start : start + 1000]


def refusal(status: int, said: str) -> APIError:
    """What the SDK raises for an answer of this status."""
    response = requests.Response()
    response.status_code = status
    return APIError(said, response=response, explanation=said)


class _Response:
    """The answer to a build, with a socket below it, which is closed to cut it off."""

    def __init__(self, released: threading.Event) -> None:
        connection = SimpleNamespace(shutdown=lambda how: None, close=released.set)
        stream = SimpleNamespace(raw=SimpleNamespace(sock=connection))
        self.raw = SimpleNamespace(closed=False, _fp=SimpleNamespace(fp=stream))
