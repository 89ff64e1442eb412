"""Runs that are ended in the middle, and runs that work on the same at once."""

import contextlib
import json
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient
from docker.errors import APIError

from orchestrator.tools.abandoned_tests import remove_abandoned
from orchestrator.tools.engine.docker_host import Engine
from tests.e2e.conftest import NewHello
from tests.e2e.hello import Hello
from tests.e2e.shims import DEAF, shim
from tests.plain_engine import plain_engine
from tests.real import docker

pytestmark = pytest.mark.e2e

_PATIENCE_SECONDS = 60.0
_MAX_SECONDS_TO_END = 10.0


def wait_until(happens: Callable[[], bool], *, process: subprocess.Popen[str]) -> None:
    """Wait for something while a process runs."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not happens():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"it did not happen; the tool ended with {process.returncode}: {process.communicate()}")
        time.sleep(0.05)


def end(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str, float]:
    """Send a signal; exit code, stderr and seconds until the end."""
    start = time.monotonic()
    process.send_signal(number)
    _, stderr = process.communicate(timeout=_PATIENCE_SECONDS)
    return process.returncode, stderr, time.monotonic() - start


def log_says(family: Hello, text: str) -> Callable[[], bool]:
    log = family.root / "out" / "logs" / "2.0" / "slim-trixie@amd64.log"
    return lambda: log.exists() and text in log.read_text()


def take_time(family: Hello, *, seconds: int) -> None:
    """Let the build say `now 42` and then take so long, whatever the builder's cache has."""
    run = f"RUN : {secrets.token_hex(8)}; echo now $((6 * 7)); sleep {seconds}"
    family.edit('CMD ["hello"]', f'{run}\nCMD ["hello"]')


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_build_that_is_ended_leaves_nothing_and_is_done_by_running_again(
    hello: NewHello, number: signal.Signals
) -> None:
    family: Hello = hello()
    take_time(family, seconds=4)
    running = family.start("build")
    wait_until(log_says(family, "now 42"), process=running)

    code, stderr, seconds = end(running, number)

    assert (code, stderr.splitlines()[-1]) == (130, "interrupted")
    assert seconds < _MAX_SECONDS_TO_END
    assert (family.processes, family.left, family.staged("amd64")) == ([], [], [])
    assert family.run("build").stdout.splitlines()[-1] == "builds: 1 built"


def test_what_was_interrupted_is_recorded(hello: NewHello) -> None:
    family: Hello = hello()
    take_time(family, seconds=60)
    running = family.start("build")
    wait_until(log_says(family, "now 42"), process=running)

    end(running, signal.SIGINT)

    record = family.records()["2.0/slim-trixie@amd64"]
    assert (record["result"], record["exit_code"], record["detail"]) == (
        "interrupted",
        130,
        "run it again to finish it",
    )
    last = json.loads((family.root / "out" / "events.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["result"]) == ("finished", "interrupted")


@pytest.mark.parametrize("signals", [1, 2])
def test_a_program_that_is_deaf_is_killed_in_time_or_at_once(hello: NewHello, tmp_path: Path, signals: int) -> None:
    family: Hello = hello()
    environment = shim(tmp_path / "bin", DEAF)
    running = family.start("build", environment=environment)
    wait_until((tmp_path / "bin" / "asked").exists, process=running)
    if signals == 2:
        running.send_signal(signal.SIGINT)
        time.sleep(0.5)

    code, _, seconds = end(running, signal.SIGINT)

    assert (code, family.left, family.processes) == (130, [], [])
    assert seconds < (_MAX_SECONDS_TO_END if signals == 1 else 3)


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_nobody_who_reads_is_no_bug(hello: NewHello, closed: str) -> None:
    family: Hello = hello()
    running = family.start("build")
    stream = running.stdout if closed == "stdout" else running.stderr
    assert stream is not None
    stream.close()

    other = running.stderr if closed == "stdout" else running.stdout
    assert other is not None
    said = other.read()

    code = running.wait(timeout=_PATIENCE_SECONDS)
    other.close()
    assert (code, "Traceback" in said, "bug" in said) == (15 if closed == "stdout" else 0, False, False)
    assert family.records()["2.0/slim-trixie@amd64"]["result"] == "built"


def test_a_run_that_nobody_reads_is_interrupted_as_any(hello: NewHello) -> None:
    family: Hello = hello()
    take_time(family, seconds=60)
    running = family.start("build")
    wait_until(log_says(family, "now 42"), process=running)
    for stream in (running.stdout, running.stderr):
        if stream:
            stream.close()

    running.send_signal(signal.SIGTERM)

    assert running.wait(timeout=_PATIENCE_SECONDS) == 130
    assert (family.left, family.processes) == ([], [])


def test_a_smoke_test_that_is_ended_leaves_no_container(hello: NewHello) -> None:
    family: Hello = hello()
    family.test_by({"name": "sleeps", "command": ["sleep", "600"]})
    running = family.start("build")
    wait_until(lambda: bool(containers(family)), process=running)

    code, _, seconds = end(running, signal.SIGINT)

    assert (code, containers(family), family.left) == (130, "", [])
    assert seconds < _MAX_SECONDS_TO_END


def test_a_smoke_test_whose_run_was_killed_is_removed_when_it_is_too_old(hello: NewHello) -> None:
    family: Hello = hello()
    family.test_by({"name": "sleeps", "command": ["sleep", "600"]})
    running = family.start("build")
    wait_until(lambda: bool(containers(family)), process=running)
    end(running, signal.SIGKILL)

    with contextlib.closing(DockerClient(family.engine.host)) as client:
        remove_abandoned(client, timeout_seconds=300)
        young = containers(family)
        remove_abandoned(client, timeout_seconds=-100)

    assert (young != "", containers(family)) == (True, "")


def containers(family: Hello) -> str:
    listed = docker(family.engine, "ps", "--all", "--format", "{{.Image}} {{.Names}}")
    return "\n".join(line for line in listed.splitlines() if f"staging/{family.name}" in line)


def test_what_a_killed_run_left_is_swept_away_by_the_next(hello: NewHello) -> None:
    family: Hello = hello()
    take_time(family, seconds=3)
    running = family.start("build")
    wait_until(log_says(family, "now 42"), process=running)
    end(running, signal.SIGKILL)
    assert (len(family.left), bool(family.processes)) == (1, True)

    family.run("build")

    assert (family.left, family.processes, len(family.staged("amd64"))) == ([], [], 1)


@pytest.fixture(params=["containerd's store", "a store of its own"])
def store(request: pytest.FixtureRequest, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Engines of both kinds, one after the other."""
    if request.param == "containerd's store":
        yield engine
        return
    with plain_engine(tmp_path_factory.mktemp("e")) as (plain, _):
        yield plain


def build_classically(family: Hello, store: Engine, *, size: int, seconds: int) -> None:
    """Let the classic builder of an engine make an image of so many MB and a step that takes so long."""
    text = f"""\
FROM {{{{ base }}}}
RUN printf '#!/bin/sh\\necho hello 2.0.1 on amd64\\n' > /bin/hello && chmod 755 /bin/hello
RUN dd if=/dev/urandom of=/noise bs=1M count={size}
RUN echo now $((6 * 7)); sleep {seconds}
"""
    (family.root / "templates" / "dockerfile" / "slim.j2").write_text(text)
    family.configure("builders", {"default": {"driver": "classic", "host": store.host}})


def nameless(store: Engine) -> set[str]:
    """The images of an engine that have no name, or one of ours for what is being built."""
    listed = None
    with contextlib.closing(DockerClient(store.host)) as client:
        while listed is None:
            # With containerd's store a list breaks off over an image that goes at that moment.
            with contextlib.suppress(APIError):
                listed = client.api.images(all=True)
    named = ((each["RepoTags"] or each["RepoDigests"] or ["<none>"], each["Id"]) for each in listed)
    return {
        f"{names[0]} {digest}" for names, digest in named if names[0].startswith(("<none>", "orchestrator-classic"))
    }


@pytest.mark.parametrize("is_built", [False, True])
def test_what_a_killed_classic_build_left_in_the_engine_is_removed_by_the_next(
    hello: NewHello, store: Engine, is_built: bool
) -> None:
    family: Hello = hello()
    build_classically(family, store, size=200, seconds=0 if is_built else 600)
    before = nameless(store)

    def is_named() -> bool:
        return any(line.startswith("orchestrator-classic") for line in nameless(store) - before)

    running = family.start("build")
    wait_until(is_named if is_built else log_says(family, "now 42"), process=running)
    end(running, signal.SIGKILL)
    assert nameless(store) != before

    build_classically(family, store, size=1, seconds=0)
    family.run("build")

    assert nameless(store) == before


def test_what_a_run_has_in_the_engine_stays_while_it_runs(hello: NewHello, engine: Engine) -> None:
    before = nameless(engine)
    lasting, killed = families = [hello(), hello()]
    for family in families:
        build_classically(family, engine, size=1, seconds=600)
    running = lasting.start("build")
    wait_until(log_says(lasting, "now 42"), process=running)
    its_own = nameless(engine) - before
    other = killed.start("build")
    wait_until(log_says(killed, "now 42"), process=other)
    end(other, signal.SIGKILL)

    build_classically(killed, engine, size=1, seconds=0)
    killed.run("build")

    assert (nameless(engine) - before, len(its_own), running.poll()) == (its_own, 2, None)
    end(running, signal.SIGINT)
    assert nameless(engine) == before


def test_two_runs_at_once_agree(hello: NewHello) -> None:
    family: Hello = hello(variants=("trixie", "slim-trixie"))

    both = [family.start("build") for _ in range(2)]
    said = [process.communicate(timeout=_PATIENCE_SECONDS) for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    records: dict[str, Any] = family.records()
    place = f"staging/{family.name}/staging-amd64"
    assert sorted(record["build_id"] for record in records.values()) == family.staged("amd64")
    assert {record["image_digest"] for record in records.values()} == {
        family.manifest(place, build_id)[1]["manifests"][0]["digest"] for build_id in family.staged("amd64")
    }
    assert (family.left, family.run("build").stdout) == ([], "nothing to do: 2 builds are up to date\n")
