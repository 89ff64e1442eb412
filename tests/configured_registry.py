"""A registry with a configuration of its own, for tests that need one that refuses."""

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.model.references import Reference

_PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.05


@dataclass
class Server:
    """A registry that stores in `folder / "data"`, started and ended at will."""

    folder: Path
    address: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def blob(self, digest: str) -> Path:
        """The file with the bytes of a blob or a manifest."""
        name = digest.removeprefix("sha256:")
        return self.data / "docker/registry/v2/blobs/sha256" / name[:2] / name / "data"

    def link(self, tag: Reference) -> Path:
        """The file that says what a tag names."""
        return self.data / "docker/registry/v2/repositories" / tag.path / "_manifests/tags" / tag.tag / "current/link"

    async def start(self) -> None:
        self._start()
        await _answers(self.address)

    def _start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            command = ("docker-registry", "serve", str(self.folder / "config.yml"))
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def end(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait()

    def collect_garbage(self) -> None:
        """Delete what no tag needs, as 2.8.3 sees it: what an index names has to have a tag of its own."""
        command = ("docker-registry", "garbage-collect", "-m", str(self.folder / "config.yml"))
        subprocess.run(command, capture_output=True, check=True)


@contextlib.asynccontextmanager
async def server(folder: Path, **sections: Mapping[str, Any]) -> AsyncIterator[Server]:
    """A registry of one's own; `sections` are further ones of its configuration, and parts of `http`."""
    address = f"127.0.0.1:{_free_port()}"
    storage = {"filesystem": {"rootdirectory": str(folder / "data")}, **sections.pop("storage", {})}
    # JSON is YAML as well.
    config = {"version": "0.1", "storage": storage, "http": {"addr": address, **sections.pop("http", {})}, **sections}
    (folder / "config.yml").write_text(json.dumps(config))
    made = Server(folder, address)
    await made.start()
    try:
        yield made
    finally:
        made.end()


@contextlib.asynccontextmanager
async def configured_registry(folder: Path, **sections: Mapping[str, Any]) -> AsyncIterator[str]:
    """The address of a registry of one's own."""
    async with server(folder, **sections) as made:
        yield made.address


async def _answers(address: str) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            with contextlib.suppress(ConnectionError):
                _, writer = await asyncio.open_connection(*address.split(":"))
                writer.close()
                return
            await asyncio.sleep(_POLL_SECONDS)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
