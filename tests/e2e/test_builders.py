"""One run on several builders: a remote BuildKit, a Docker context, the classic builder; and those that are lost."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.tools.engine.docker_host import Engine
from tests.e2e.conftest import NewHello
from tests.e2e.hello import Hello
from tests.real import docker, orchestrator

pytestmark = pytest.mark.e2e

AMD64, S390X = "2.0/slim-trixie@amd64", "2.0/slim-trixie@s390x"
NOBODY = "tcp://127.0.0.1:1"
"""Nothing listens there."""
LIVES_SECONDS = 120


class Bridge:
    """The engine's BuildKit as a remote builder, in a process that can be stopped and killed."""

    def __init__(self, host: str) -> None:
        self.process = subprocess.Popen(
            (sys.executable, "-m", "tests.bkbridge", host),
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = self.process.stdout.readline().strip() if self.process.stdout else ""

    @property
    def driver(self) -> dict[str, Any]:
        return {"driver": "remote", "endpoint": self.address, "emulate": True}

    def close(self) -> None:
        with self.process:
            self.process.kill()


@pytest.fixture
def bridge(engine: Engine) -> Iterator[Bridge]:
    made = Bridge(engine.host)
    try:
        yield made
    finally:
        made.close()


def build(family: Hello, *words: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Build by force; returns the records by target."""
    finished = family.run("build", *words, "--force", "--reason", "to compare", environment=environment)
    assert "smoke tests not run" not in finished.stdout
    return family.records()


def images(records: dict[str, Any]) -> dict[str, str]:
    return {target: record["image_digest"] for target, record in records.items()}


def run_in(family: Hello, script: str) -> None:
    """Let the build run a script, whatever the builder's cache has."""
    family.edit('CMD ["hello"]', f'RUN : {secrets.token_hex(8)}; {script}\nCMD ["hello"]')


def test_a_remote_builder_beside_the_local_one_makes_the_same_images(hello: NewHello, bridge: Bridge) -> None:
    family: Hello = hello(arches=("amd64", "s390x"))
    local = images(build(family, "--arch", "all"))
    family.configure("builders", {"default": {"driver": "local"}, "s390x": bridge.driver})

    records = build(family, "--arch", "all")

    logs = {target: (family.root / "out" / records[target]["log"]).read_text() for target in (AMD64, S390X)}
    assert images(records) == local
    assert ("exporting to oci" in logs[AMD64], "exporting to image" in logs[S390X]) == (True, True)
    assert [test["problem"] for record in records.values() for test in record["tests"]] == ["", ""]
    # Only build IDs and the pointer to the last of them have names, for nothing was named before it was checked.
    assert len(family.get(f"staging/{family.name}/staging-s390x/tags/list")["tags"]) == 2
    assert (family.left, family.processes) == ([], [])


def test_what_a_remote_builder_pushed_is_kept_alive_where_that_is_wished(hello: NewHello, bridge: Bridge) -> None:
    family: Hello = hello()
    family.configure("builders", {"default": bridge.driver})
    family.configure("keep_alive", True)

    family.run("build")

    place = f"staging/{family.name}/staging-amd64"
    _, index = family.manifest(place, family.staged("amd64")[0])
    kept = [tag for tag in family.get(f"{place}/tags/list")["tags"] if tag.startswith("k-")]
    assert sorted(family.manifest(place, tag)[0] for tag in kept) == sorted(
        child["digest"] for child in index["manifests"]
    )
    assert len(kept) == 2


def test_a_second_run_asks_no_builder(hello: NewHello, bridge: Bridge) -> None:
    family: Hello = hello()
    family.configure("builders", {"default": bridge.driver})
    family.run("build")
    bridge.close()

    again = family.run("build", environment={"DOCKER_HOST": "unix:///nowhere.sock", "PATH": "/nowhere"})

    assert again.stdout == "nothing to do: 1 build is up to date\n"


def test_a_run_needs_no_engine_where_a_remote_builder_is_all_it_uses(hello: NewHello, bridge: Bridge) -> None:
    family: Hello = hello()
    family.configure("builders", {"default": bridge.driver})

    finished = family.run("build", environment={"DOCKER_HOST": "unix:///nowhere.sock"})

    *_, builds, untested = finished.stdout.splitlines()
    record = family.records()[AMD64]
    assert (builds, record["result"], record["tests"]) == ("builds: 1 built", "built", [])
    assert untested == f"smoke tests not run for 1: {record['untested']}"
    assert record["untested"].startswith("Docker at unix:///nowhere.sock (from DOCKER_HOST) does not answer: ")


def test_a_remote_builder_that_is_killed_is_given_up_after_its_attempts(hello: NewHello, bridge: Bridge) -> None:
    family: Hello = hello()
    family.configure("builders", {"default": bridge.driver})
    run_in(family, f"echo now $((6 * 7)); sleep {LIVES_SECONDS}")
    started = family.start("build", "--timeout", "16s")

    seen = any("now 42" in line for line in started.stderr or ())
    bridge.process.kill()
    stdout, _ = started.communicate(timeout=LIVES_SECONDS)

    record = family.records()[AMD64]
    assert (seen, started.returncode, record["exit_code"], record["attempts"]) == (True, 13, 13, 2), stdout
    assert f"repeat it with: orchestrator -C {family.root} build" in stdout
    assert (family.staged("amd64"), family.left, family.processes) == ([], [], [])


def test_a_remote_builder_that_freezes_is_given_up_after_the_silence(hello: NewHello, bridge: Bridge) -> None:
    family: Hello = hello()
    family.configure("builders", {"default": bridge.driver})
    run_in(family, f"echo now $((6 * 7)); sleep {LIVES_SECONDS}")
    started = family.start("build", "--idle-timeout", "2s", "--timeout", "15s")

    seen = any("now 42" in line for line in started.stderr or ())
    bridge.process.send_signal(signal.SIGSTOP)
    stdout, _ = started.communicate(timeout=LIVES_SECONDS)

    assert (seen, started.returncode) == (True, 13), stdout
    assert "no sign of life from the builder for 2 s; it hangs or is lost" in stdout
    assert (family.staged("amd64"), family.left, family.processes) == ([], [], [])


def test_everything_that_is_wrong_with_builders_is_told_before_anything_is_built(hello: NewHello) -> None:
    family: Hello = hello(arches=("amd64", "arm64v8", "s390x"))
    family.configure(
        "builders",
        {
            "default": {"driver": "local"},
            "amd64": {"driver": "context", "name": "nobodys"},
            "s390x": {"driver": "remote", "endpoint": NOBODY},
        },
    )

    finished = family.run("build", "--arch", "all", check=False)

    assert finished.returncode == 2
    assert [line.partition("; ")[0] for line in finished.stderr.splitlines()] == [
        "error: there is no Docker context 'nobodys'",
        f"error: arm64v8: the engine at {family.engine.host} runs amd64, i386 by itself",
        f"error: the builder at {NOBODY}: no BuildKit answers there",
    ]
    assert not (family.root / "out" / "builds").exists()


def test_a_builder_that_does_not_answer_is_worth_another_run(hello: NewHello) -> None:
    family: Hello = hello()
    family.configure("builders", {"default": {"driver": "remote", "endpoint": NOBODY}})

    assert family.run("build", check=False).returncode == 13


def test_what_is_emulated_is_said_once(hello: NewHello) -> None:
    family: Hello = hello(arches=("amd64", "s390x"), variants=("slim-trixie", "trixie"))

    finished = family.run("build", "--arch", "all")

    [told] = [line for line in finished.stderr.splitlines() if "builds by emulation" in line]
    assert ("s390x" in told, family.engine.host in told) == (True, True)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], Engine]]:
    """A second engine on this machine, with what Docker's client must be told to know it by the name `second`."""
    state, config = tmp_path_factory.mktemp("second"), tmp_path_factory.mktemp("config")
    socket = state / "docker.sock"
    facts = json.loads(orchestrator("engine", "up", "--socket", str(socket), "--format", "json", state=state).stdout)
    environment = {"DOCKER_CONFIG": str(config)}
    try:
        create = ("docker", "context", "create", "second", "--docker", f"host=unix://{socket}")
        subprocess.run(create, env={**os.environ, **environment}, check=True, capture_output=True)
        yield environment, Engine(facts["host"], private=True, version=facts["version"], platforms=())
    finally:
        orchestrator("engine", "down", "--purge", state=state)


def test_the_engine_of_a_docker_context_builds_and_tests(
    hello: NewHello, second: tuple[dict[str, str], Engine]
) -> None:
    family: Hello = hello(arches=("amd64", "s390x"))
    local = images(build(family, "--arch", "all"))
    family.configure(
        "builders",
        {"default": {"driver": "local"}, "slim-trixie": {"driver": "context", "name": "second", "emulate": True}},
    )
    environment, engine = second

    # DOCKER_HOST, which the family's environment has, must not lead away from the context.
    records = build(family, "--arch", "all", environment=environment)

    cached = docker(engine, "system", "df", "--format", "{{.Type}} {{.TotalCount}}").splitlines()[-1]
    assert images(records) == local
    assert [test["problem"] for record in records.values() for test in record["tests"]] == ["", ""]
    assert (cached != "Build Cache 0", docker(engine, "image", "ls", "--quiet")) == (True, "")


def test_a_remote_builder_may_have_its_tests_on_the_engine_of_a_context(
    hello: NewHello, bridge: Bridge, second: tuple[dict[str, str], Engine]
) -> None:
    family: Hello = hello()
    family.configure("builders", {"default": {**bridge.driver, "test_on": "second"}})
    environment, _ = second

    records = build(family, environment={**environment, "DOCKER_HOST": "unix:///nowhere.sock"})

    assert [test["problem"] for test in records[AMD64]["tests"]] == [""]


def test_the_classic_builder_is_refused_what_only_buildkit_can_do(hello: NewHello) -> None:
    family: Hello = hello()
    family.configure("builders", {"default": {"driver": "classic"}})

    finished = family.run("build", check=False)

    assert finished.returncode == 2
    assert "error: dockerfiles/2.0/slim-trixie/Dockerfile: line " in finished.stderr
    assert not (family.root / "out" / "builds").exists()


def test_the_classic_builder_builds_beside_buildkit(hello: NewHello) -> None:
    family: Hello = hello(variants=("slim-trixie", "trixie"))
    plain = (
        'FROM {{ base }}\nRUN printf "#!/bin/sh\\necho hello 2.0.1 on amd64\\n" > /bin/hello && chmod 755 /bin/hello\n'
    )
    (family.root / "templates" / "dockerfile" / "slim.j2").write_text(plain)
    family.configure("builders", {"default": {"driver": "local"}, "slim": {"driver": "classic"}})

    finished = family.run("build")

    records = family.records()
    assert finished.stdout.splitlines()[-1] == "builds: 2 built"
    assert [test["problem"] for test in records[AMD64]["tests"]] == [""]
    log = (family.root / "out" / records[AMD64]["log"]).read_text()
    assert ("exporting to oci" in log, "RUN printf" in log) == (False, True)
    assert family.run("build").stdout == "nothing to do: 2 builds are up to date\n"
    assert (family.left, family.processes) == ([], [])
