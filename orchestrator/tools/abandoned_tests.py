"""Containers of smoke tests that killed runs left in an engine: known by their label and their age."""

import contextlib
import datetime as dt

import docker
from docker.errors import APIError

from orchestrator.tools.logs import log

LABEL = "dev.orchestrator.smoke-test"
"""On each container of a smoke test; its value is the image."""

_SLACK_SECONDS = 60


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
