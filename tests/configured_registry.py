"""A registry with a configuration of its own, for tests that need one that refuses."""

import asyncio
import contextlib
import json
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

_PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.05


@contextlib.asynccontextmanager
async def configured_registry(folder: Path, **sections: Mapping[str, Any]) -> AsyncIterator[str]:
    """The address of a registry that stores in `folder`; `sections` are further ones of its configuration."""
    address = f"127.0.0.1:{_free_port()}"
    storage = {"filesystem": {"rootdirectory": str(folder / "data")}, **sections.pop("storage", {})}
    # JSON is YAML as well.
    config = {"version": "0.1", "storage": storage, "http": {"addr": address}, **sections}
    (folder / "config.yml").write_text(json.dumps(config))
    process = _started(folder)
    try:
        await _answers(address)
        yield address
    finally:
        process.terminate()
        process.wait()


def _started(folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(("docker-registry", "serve", str(folder / "config.yml")), stdout=log, stderr=log)


async def _answers(address: str) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS), aiohttp.ClientSession() as session:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"http://{address}/v2/"):
                    return
            await asyncio.sleep(_POLL_SECONDS)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
