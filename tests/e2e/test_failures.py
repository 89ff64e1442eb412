"""What goes wrong is one clear message, the right exit code, and nothing half done."""

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.conftest import NewHello
from tests.e2e.hello import Finished, Hello, manifest, put_manifest

pytestmark = pytest.mark.e2e

ALL = ("--arch", "all")
BASE = "library/busybox"


def lines(finished: Finished) -> list[str]:
    assert "Traceback" not in finished.stderr
    return [line for line in finished.stderr.splitlines() if line.startswith("error: ")]


@pytest.fixture
def closed_port() -> str:
    """An address that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def test_a_smoke_test_that_fails_keeps_the_build_out_of_staging(hello: NewHello) -> None:
    family: Hello = hello()
    family.test_by({"name": "greets", "command": ["hello"], "stdout": "good evening"})

    finished = family.run("build", check=False)

    assert (finished.returncode, family.staged("amd64"), family.left) == (11, [], [])
    assert "smoke test greets: printed 'hello 2.0.1 on amd64', expected 'good evening'" in finished.stdout
    assert family.records()["2.0/slim-trixie@amd64"]["exit_code"] == 11


def test_a_smoke_test_without_the_program_is_told(hello: NewHello) -> None:
    family: Hello = hello()
    family.test_by({"name": "greets", "command": ["no-such-program"]})

    finished = family.run("build", check=False)

    assert (finished.returncode, family.staged("amd64")) == (11, [])
    assert "no-such-program" in finished.stdout
    assert lines(finished) == []


def test_a_run_that_fails_is_told_with_the_end_of_its_log_and_its_command(hello: NewHello) -> None:
    family: Hello = hello(arches=("amd64", "s390x"))
    family.edit('CMD ["hello"]', 'RUN echo what went wrong; test "$(uname -m)" != s390x\nCMD ["hello"]')

    finished = family.run("build", *ALL, "--format", "json", check=False)

    document = json.loads(finished.stdout)
    assert (finished.returncode, document["exit_code"]) == (10, 10)
    assert [(build["target"], build["result"]) for build in document["builds"]] == [
        ("2.0/slim-trixie@amd64", "built"),
        ("2.0/slim-trixie@s390x", "failed"),
    ]
    failed = document["builds"][1]
    assert "exit code: 1" in failed["detail"]
    assert "what went wrong" in failed["tail"]
    assert "what went wrong\n" in (family.root / "out" / failed["log"]).read_text()
    said = family.run("build", "--arch", "s390x", check=False).stdout
    assert f"  repeat it with: orchestrator -C {family.root} build 2.0/slim-trixie@s390x\n" in said
    assert "  | what went wrong\n" in said
    place = failed["place"]
    text = (family.root / place.rpartition(":")[0]).read_text().splitlines()
    assert text[int(place.rpartition(":")[2]) - 1].startswith("RUN echo what went wrong")
    assert f"  at {place}\n" in said


def test_an_instruction_that_is_none_is_the_builds_own_failure(hello: NewHello) -> None:
    family: Hello = hello()
    family.edit('CMD ["hello"]', 'CDM ["hello"]')

    finished = family.run("build", check=False)

    assert finished.returncode == 10
    assert "CDM" in finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
    assert family.staged("amd64") == []


def test_fail_fast_starts_nothing_more(hello: NewHello) -> None:
    family: Hello = hello(arches=("amd64", "s390x"))
    family.edit('CMD ["hello"]', "RUN false")

    finished = family.run("build", *ALL, "--fail-fast", "--jobs", "1", check=False)

    assert finished.returncode == 10
    assert "builds: 1 failed, 1 not run\n" in finished.stdout


def test_a_base_that_does_not_exist_is_wrong_input(hello: NewHello) -> None:
    family: Hello = hello()
    family.use_base(f"{family.registry}/library/busybox:no-such")

    finished = family.run("build", check=False)

    assert finished.returncode == 2
    assert [line.partition(";")[0] for line in lines(finished)] == [
        f"error: base {family.registry}/library/busybox:no-such does not exist "
        f"({family.registry}/library/busybox:no-such: absent)"
    ]


def test_a_base_of_another_architecture_is_refused_before_anything_is_built(hello: NewHello) -> None:
    family: Hello = hello(arches=("arm64v8",))
    family.use_base(f"busybox:{family.name}")
    put_manifest(family.registry, BASE, family.name, manifest(family.registry, BASE, _digest(family, "amd64"))[1])

    finished = family.run("build", *ALL, check=False)

    assert finished.returncode == 2
    [line] = lines(finished)
    assert "has no linux/arm64/v8; at " in line
    assert "it has linux/amd64; take the arch out" in line


def test_a_base_that_lies_about_its_architecture_is_found_by_its_programs(hello: NewHello) -> None:
    family: Hello = hello(arches=("arm64v8",))
    family.use_base(f"busybox:{family.name}")
    family.edit("RUN hello\n", "", template="_program.j2")
    _, index = manifest(family.registry, BASE, "trixie")
    lying = next(entry for entry in index["manifests"] if entry["platform"]["architecture"] == "arm64")
    lying["digest"] = _digest(family, "amd64")
    _, real = manifest(family.registry, BASE, lying["digest"])
    lying["size"] = next(entry["size"] for entry in index["manifests"] if entry["platform"]["architecture"] == "amd64")
    assert real["config"]
    put_manifest(family.registry, BASE, family.name, index)

    finished = family.run("build", *ALL, check=False)

    assert (finished.returncode, family.staged("arm64v8")) == (22, [])
    assert "holds programs for amd64, expected arm64v8" in finished.stdout


def _digest(family: Hello, architecture: str) -> str:
    """The digest of one platform of the base."""
    _, index = manifest(family.registry, BASE, "trixie")
    found = (entry for entry in index["manifests"] if entry["platform"]["architecture"] == architecture)
    return str(next(found)["digest"])


def test_a_registry_that_cannot_be_reached_is_no_bug(hello: NewHello, closed_port: str) -> None:
    family: Hello = hello()

    finished = family.run("--registry", closed_port, "build", "--format", "json", check=False)

    assert (finished.returncode, json.loads(finished.stdout)["exit_code"]) == (13, 13)
    assert [closed_port in line for line in lines(finished)] == [True]


def test_bases_out_of_reach_are_told_each_once_and_nothing_is_started(hello: NewHello, tmp_path: Path) -> None:
    """As on a machine that reaches no registry: what can be done offline is done, the rest is said."""
    family: Hello = replace(hello(arches=("amd64", "s390x"), variants=("trixie", "slim-trixie")), state=tmp_path)
    family.configure("bases", {"debian": "registry.invalid/one:{release}", "slim": "registry.invalid/two:{release}"})
    family.configure("mirrors", {})

    finished = family.run("build", *ALL, environment={"DOCKER_HOST": "unix:///nowhere"}, check=False)

    remedy = "make registry.invalid reachable, or name a mirror of it: `mirrors` in orchestrator.yaml"
    told = [(line.partition(" cannot be resolved (")[0], remedy in line) for line in lines(finished)]
    assert (finished.returncode, finished.stdout) == (13, "")
    assert told == [(f"error: base registry.invalid/{name}:trixie", True) for name in ("one", "two")]
    assert len(list((family.root / "dockerfiles").rglob("Dockerfile"))) == 2
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_was_chosen_and_is_silent_is_told_with_the_ways_out(hello: NewHello) -> None:
    family: Hello = hello()

    finished = family.run("build", environment={"DOCKER_HOST": "unix:///nowhere/docker.sock"}, check=False)

    assert finished.returncode == 30
    assert lines(finished) == [
        "error: Docker at unix:///nowhere/docker.sock (from DOCKER_HOST) does not answer: No such file or directory; "
        "start it, or clear DOCKER_HOST"
    ]


def test_emulation_is_used_only_where_it_is_allowed(hello: NewHello) -> None:
    family: Hello = hello(arches=("s390x",))
    text = (family.root / "orchestrator.yaml").read_text()
    (family.root / "orchestrator.yaml").write_text(text.replace("emulate: true", "emulate: false"))

    refused = family.run("build", *ALL, check=False)
    allowed = family.run("build", *ALL, "--emulate", check=False)

    assert (refused.returncode, allowed.returncode) == (2, 0)
    assert ["allow emulation by --emulate" in line for line in lines(refused)] == [True]


def test_an_output_folder_that_cannot_be_written_is_told_before_the_registry_is_touched(hello: NewHello) -> None:
    family: Hello = hello()
    (family.root / "out").touch()

    finished = family.run("build", check=False)

    assert (finished.returncode, family.staged("amd64")) == (15, [])
    assert len(lines(finished)) == 1
