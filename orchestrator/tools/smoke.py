"""Runs smoke tests: commands in the built image, on its platform, in containers of the engine."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator

import docker
import requests
from docker.errors import DockerException, NotFound

from orchestrator.errors import UnavailableError
from orchestrator.model.config import SmokeTest
from orchestrator.model.facts import fill
from orchestrator.model.outcomes import TestResult
from orchestrator.model.references import Reference
from orchestrator.model.targets import Target

_TEST_TIMEOUT_SECONDS = 300
_SHOWN_CHARACTERS = 2_000


Connect = Callable[[], docker.DockerClient]
"""Makes a client of the engine, to be closed by who asked for it."""


async def run_tests(
    tests: Iterable[SmokeTest], target: Target, image: Reference, *, connect: Connect
) -> tuple[TestResult, ...]:
    """Pull a pushed image into the engine, run the tests that cover its target, remove it again.

    What a test finds wrong is a value; raises UnavailableError when the engine or the pull fails.
    """
    mine = [test for test in tests if test.covers(line=target.facts.line, variant=target.facts.variant)]
    if not mine:
        return ()
    with _client(connect) as client:
        await asyncio.to_thread(_pull, client, target, image)
        try:
            return tuple([await _timed(client, test, target, image) for test in mine])
        finally:
            await asyncio.to_thread(_remove, client, image)


async def load(target: Target, image: Reference, names: Iterable[Reference], *, connect: Connect) -> None:
    """Pull a pushed image into the engine and give it names there; raises UnavailableError."""
    with _client(connect) as client:
        await asyncio.to_thread(_pull, client, target, image)
        for name in names:
            await asyncio.to_thread(client.api.tag, str(image), name.repository.short, tag=name.tag)


@contextlib.contextmanager
def _client(connect: Connect) -> Iterator[docker.DockerClient]:
    try:
        with contextlib.closing(connect()) as client:
            yield client
    except (DockerException, requests.RequestException) as error:
        raise UnavailableError(f"the engine: {error}") from error


def _pull(client: docker.DockerClient, target: Target, image: Reference) -> None:
    client.images.pull(str(image.repository), tag=image.digest, platform=str(target.platform))


def _remove(client: docker.DockerClient, image: Reference) -> None:
    # Another run may share the image and have removed it already.
    with contextlib.suppress(NotFound):
        client.images.remove(str(image), force=True)


async def _timed(client: docker.DockerClient, test: SmokeTest, target: Target, image: Reference) -> TestResult:
    loop = asyncio.get_running_loop()
    start = loop.time()
    problem = await asyncio.to_thread(_problem, client, test, target, image)
    return TestResult(test.name, problem, round(loop.time() - start, 3))


def _problem(client: docker.DockerClient, test: SmokeTest, target: Target, image: Reference) -> str:
    """Run one test in a container without network; returns what is wrong, or nothing."""
    values = {**target.facts.values, "arch": target.arch}
    container = client.containers.create(
        str(image),
        [fill(word, values) for word in test.command],
        platform=str(target.platform),
        network_disabled=True,
    )
    try:
        container.start()
        status = container.wait(timeout=_TEST_TIMEOUT_SECONDS)["StatusCode"]
        stdout = container.logs(stdout=True, stderr=False).decode("utf-8", "replace").strip()
        stderr = container.logs(stdout=False, stderr=True).decode("utf-8", "replace").strip()
    except requests.Timeout:
        return f"no end after {_TEST_TIMEOUT_SECONDS} s"
    finally:
        container.remove(force=True)
    if status != test.exit:
        return f"exit status {status}, expected {test.exit}: {(stderr or stdout)[-_SHOWN_CHARACTERS:]}"
    expected = None if test.stdout is None else fill(test.stdout, values)
    if expected is not None and stdout != expected:
        return f"printed {stdout[:_SHOWN_CHARACTERS]!r}, expected {expected!r}"
    return ""
