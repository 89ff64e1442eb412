"""The local registry as a process of this machine, and the configuration that it has in any shape."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import aiohttp
import yaml

from orchestrator.errors import UnavailableError
from orchestrator.tools import servers
from orchestrator.tools.process import Runner

PROGRAM = "docker-registry"
LOOPBACK = "127.0.0.1"
_READY_SECONDS = 20
_ANSWER_SECONDS = 5
_GRACE_SECONDS = 5
_POLL_SECONDS = 0.05
_LOG_LINES = 10
_LOG, _RECORD = "registry.log", "server.json"
# Says whose registry answers: another one may have taken the port in the meantime.
_OWNER = "Orchestrator-Registry"


def configuration(*, listen: str, storage: str, folder: Path) -> str:
    """The registry's configuration: https://distribution.github.io/distribution/about/configuration/."""
    settings = {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": storage}, "delete": {"enabled": True}},
        "http": {"addr": listen, "headers": {_OWNER: [_owner(folder)], "X-Content-Type-Options": ["nosniff"]}},
        # Windows images name layers that only Microsoft may hand out; a manifest with such URLs is refused otherwise.
        "validation": {"manifests": {"urls": {"allow": ["^https?://"]}}},
    }
    return yaml.safe_dump(settings, sort_keys=True)


def running(folder: Path) -> servers.Server | None:
    """The process that serves this folder."""
    return servers.remembered(folder / _RECORD)


async def start(folder: Path, *, ports: Iterable[int], runner: Runner, environment: Mapping[str, str]) -> str:
    """Serve the folder at the first of these ports that can be had; returns the address.

    Raises UnavailableError with the registry's last words when it does not start.
    """
    await stop(folder)
    for port in ports:
        where = f"{LOOPBACK}:{port}"
        server = _spawn(folder, where, runner=runner, environment=environment)
        if server is not None and await becomes_ready(where, folder=folder, server=server):
            return where
        await stop(folder)
    raise UnavailableError(f"the local registry did not start; the end of {folder / _LOG}:\n{_last_words(folder)}")


async def stop(folder: Path) -> bool:
    """End the process that serves this folder; whether there was one."""
    server = running(folder)
    if server is not None:
        await servers.stop([server], grace_seconds=_GRACE_SECONDS)
    (folder / _RECORD).unlink(missing_ok=True)
    return server is not None


async def becomes_ready(where: str, *, folder: Path, server: servers.Server | None = None) -> bool:
    """Wait until the registry of this folder answers; False when its process ends or the patience does."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _READY_SECONDS
    while loop.time() < deadline and (server is None or servers.is_running(server)):
        if await answers(where, folder=folder):
            return True
        await asyncio.sleep(_POLL_SECONDS)
    return False


async def answers(where: str, *, folder: Path) -> bool:
    """Whether a registry answers there, and it is the one of this folder."""
    patience = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=patience) as session, session.get(f"http://{where}/v2/") as response:
            return response.status == 200 and response.headers.get(_OWNER) == _owner(folder)
    except (aiohttp.ClientError, TimeoutError):
        return False


def _spawn(folder: Path, where: str, *, runner: Runner, environment: Mapping[str, str]) -> servers.Server | None:
    file = folder / "config.yml"
    text = configuration(listen=where, storage=str(folder / "data"), folder=folder)
    file.write_text(text, encoding="utf-8")
    # Variables named REGISTRY_... would change its configuration.
    bare = ("env", "--ignore-environment", f"PATH={environment.get('PATH', '')}")
    pid = runner.start((*bare, PROGRAM, "serve", str(file)), log=folder / _LOG)
    server = servers.identify(pid)
    if server is not None:
        servers.remember(server, folder / _RECORD)
    return server


def _last_words(folder: Path) -> str:
    lines = (folder / _LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_LOG_LINES:])


def _owner(folder: Path) -> str:
    return hashlib.sha256(str(folder).encode()).hexdigest()[:16]
