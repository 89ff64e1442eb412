"""Containers of smoke tests that killed runs left in an engine: known by their label and their age."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Iterable

import docker
import requests
from docker.errors import APIError, DockerException

from orchestrator.tools.engine.docker_host import reason
from orchestrator.tools.logs import log
from orchestrator.tools.smoke import LABEL, TEST_TIMEOUT_SECONDS, Connect

_SLACK_SECONDS = 60


async def remove_left(engines: Iterable[Connect]) -> None:
    """Remove what is too old from each of these engines; one that cannot be cleared is told, and left as it is."""
    await asyncio.gather(*(asyncio.to_thread(_cleared, connect) for connect in engines))


def remove_abandoned(client: docker.DockerClient, *, timeout_seconds: float) -> None:
    """Remove what has been there for longer than a test may take, with its image; younger ones may be of other runs.

    The engine's own clock counts. What somebody else is just removing is left to them.
    """
    found = client.containers.list(all=True, sparse=True, filters={"label": LABEL})
    now = dt.datetime.fromisoformat(client.info()["SystemTime"]).timestamp() if found else 0.0
    for container in found:
        if now - container.attrs["Created"] > timeout_seconds + _SLACK_SECONDS:
            image = container.attrs["Labels"][LABEL]
            log.info("a killed run left a smoke test in the engine, removing it", image=image)
            with contextlib.suppress(APIError):
                container.remove(force=True)
            with contextlib.suppress(APIError):
                client.images.remove(image, force=True)


def _cleared(connect: Connect) -> None:
    try:
        with contextlib.closing(connect()) as client:
            remove_abandoned(client, timeout_seconds=TEST_TIMEOUT_SECONDS)
    except (DockerException, requests.RequestException) as error:
        log.warning("smoke tests of killed runs may stay in an engine", problem=reason(error))
