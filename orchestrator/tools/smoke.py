"""Runs smoke tests: commands in the built image, on its platform, in containers of the engine."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus

import docker
import requests
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container

from orchestrator.errors import UnavailableError
from orchestrator.model.config import SmokeTest
from orchestrator.model.facts import fill
from orchestrator.model.outcomes import TestResult
from orchestrator.model.references import Reference
from orchestrator.model.targets import Target
from orchestrator.tools.engine.docker_host import reason

TEST_TIMEOUT_SECONDS = 300
LABEL = "dev.orchestrator.smoke-test"
"""On each container of a smoke test; its value is the image."""

_SHOWN_CHARACTERS = 2_000
_PULLS = 3
_RUNS = 3
"""Of a command that ends well and seems to print nothing: a busy engine may lose what a program says that ends at once,
and writes `reading from a closed fifo` into its log (moby/moby#41378)."""
_LOST_SECONDS = 30
"""After the end of a test; an engine that says nothing for so long is lost."""

Connect = Callable[[], docker.DockerClient]
"""Makes a client of the engine, to be closed by who asked for it."""


def tests_of(tests: Iterable[SmokeTest], target: Target) -> tuple[SmokeTest, ...]:
    """Those that cover a target."""
    return tuple(test for test in tests if test.covers(line=target.facts.line, variant=target.facts.variant))


async def run_tests(
    tests: Iterable[SmokeTest],
    target: Target,
    image: Reference,
    *,
    connect: Connect,
    timeout_seconds: float = TEST_TIMEOUT_SECONDS,
) -> tuple[TestResult, ...]:
    """Pull a pushed image into the engine, run the tests that cover its target, remove it again.

    What a test finds wrong is a value; raises UnavailableError when the engine or the pull fails. Cancelling removes
    the container that runs.
    """
    mine = tests_of(tests, target)
    if not mine:
        return ()
    loop = asyncio.get_running_loop()
    results: list[TestResult] = []
    with _client(connect) as client:
        await _pull(client, target, image)
        try:
            for test in mine:
                start = loop.time()
                problem = await _problem(client, test, target, image, timeout_seconds=timeout_seconds)
                results.append(TestResult(test.name, problem, round(loop.time() - start, 3)))
        finally:
            await asyncio.to_thread(_remove, client, image)
    return tuple(results)


async def load(target: Target, image: Reference, names: Iterable[Reference], *, connect: Connect) -> None:
    """Pull a pushed image into the engine and give it names there; raises UnavailableError."""
    with _client(connect) as client:
        await _pull(client, target, image)
        for name in names:
            await asyncio.to_thread(client.api.tag, str(image), name.repository.short, tag=name.tag)
        # Under its place in staging nobody looks for it.
        await asyncio.to_thread(_remove, client, image)


@contextlib.contextmanager
def _client(connect: Connect) -> Iterator[docker.DockerClient]:
    try:
        with contextlib.closing(connect()) as client:
            yield client
    except (DockerException, requests.RequestException) as error:
        raise UnavailableError(f"the engine: {reason(error)}") from error


async def _pull(client: docker.DockerClient, target: Target, image: Reference) -> None:
    problem = ""
    for _ in range(_PULLS):
        problem = await _pull_once(client, target, image)
        # The engine tidies up after an image that another build removed, and may take what has just come with it.
        if "not found" not in problem:
            break
    if problem:
        raise UnavailableError(f"the engine cannot pull {image}: {problem}")


async def _pull_once(client: docker.DockerClient, target: Target, image: Reference) -> str:
    """What went wrong; the engine reports it in the stream, under a status that says all is well."""
    cancelled = threading.Event()

    def pull() -> str:
        lines = client.api.pull(
            str(image.repository), tag=image.digest, platform=str(target.platform), stream=True, decode=True
        )
        for line in lines:
            if "error" in line or cancelled.is_set():
                return str(line.get("error", ""))
        return ""

    try:
        return await asyncio.to_thread(pull)
    finally:
        cancelled.set()


def _remove(client: docker.DockerClient, image: Reference) -> None:
    # Another run may share the image, and have removed it already, or test it still and remove it then.
    try:
        client.images.remove(str(image), force=True)
    except APIError as error:
        if error.status_code not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
            raise


async def _problem(
    client: docker.DockerClient, test: SmokeTest, target: Target, image: Reference, *, timeout_seconds: float
) -> str:
    """Run one test in a container without network; returns what is wrong, or nothing."""
    values = {**target.facts.values, "arch": target.arch}
    command = [fill(word, values) for word in test.command]
    expected = None if test.stdout is None else fill(test.stdout, values)
    status, stdout, stderr = test.exit, "", ""
    for _ in range(_RUNS):
        container = await _created(client, command, target, image)
        try:
            async with asyncio.timeout(timeout_seconds):
                status, stdout, stderr = await asyncio.to_thread(_run, container, patience_seconds=timeout_seconds)
        except _NotStartedError as error:
            return f"it does not start: {error}"
        except TimeoutError:
            return f"no end after {timeout_seconds:g} s"
        finally:
            # Ends the thread that waits for it, too.
            await asyncio.to_thread(container.remove, force=True)
        if status != test.exit or stdout or not expected:
            break
    if status != test.exit:
        return f"exit status {status}, expected {test.exit}: {(stderr or stdout)[-_SHOWN_CHARACTERS:]}"
    if expected is not None and stdout != expected:
        return f"printed {stdout[:_SHOWN_CHARACTERS]!r}, expected {expected!r}"
    return ""


class _NotStartedError(Exception):
    """A command that is not in the image, or not for its machine."""


async def _created(client: docker.DockerClient, command: list[str], target: Target, image: Reference) -> Container:
    """A container that has not started; pulls again when another run has removed the image it shares with us."""

    def create() -> Container:
        return client.containers.create(
            str(image),
            command,
            platform=str(target.platform),
            network_disabled=True,
            labels={LABEL: str(image)},
        )

    problem = ""
    for _ in range(_PULLS):
        creation = asyncio.create_task(asyncio.to_thread(create))
        try:
            return await asyncio.shield(creation)
        except NotFound as error:
            # The image, or a snapshot below it.
            problem = str(error.explanation or error)
            await _pull(client, target, image)
        except asyncio.CancelledError:
            # The engine makes it all the same, so it has to be waited for.
            await asyncio.to_thread((await creation).remove, force=True)
            raise
    raise UnavailableError(
        f"the engine loses {image} as often as it is pulled: {problem}; is something pruning images there?"
    )


def _run(container: Container, *, patience_seconds: float) -> tuple[int, str, str]:
    """Exit status and output of a container, without white space around it; raises _NotStartedError."""
    try:
        container.start()
    except APIError as error:
        # The image has no such program, or the engine cannot run it; a fault of the engine itself is a 500.
        if error.is_client_error():
            raise _NotStartedError(error.explanation) from error
        raise
    # Who waits for the test gives up before and removes the container; an engine that was lost says no more word, and
    # the thread must end all the same.
    status = int(container.wait(timeout=patience_seconds + _LOST_SECONDS)["StatusCode"])
    stdout, stderr = (
        container.logs(stdout=stream == "stdout", stderr=stream == "stderr").decode("utf-8", "replace").strip()
        for stream in ("stdout", "stderr")
    )
    return status, stdout, stderr
