"""A private engine for real, beside whatever other engine this machine has: builds, crashes, comes back, goes."""

import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.model.platforms import ARCHES
from orchestrator.tools.debian.apt import Apt, debian
from orchestrator.tools.engine import bridges, emulation
from orchestrator.tools.engine.capabilities import capabilities
from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.process import SystemRunner
from tests.real import docker, orchestrator

pytestmark = pytest.mark.integration

NO_CHOICE = {"DOCKER_HOST": "", "DOCKER_CONTEXT": ""}
FOREIGN = "s390x"
LONG = "98765"
"""Seconds, and a word to know a process by."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A state folder whose engine is gone after the test."""
    yield tmp_path
    orchestrator("engine", "down", "--purge", state=tmp_path)


def up(home: Path) -> Engine:
    """An engine that shares nothing with others: neither folder nor socket nor network."""
    words = ("engine", "up", "--socket", str(home / "docker.sock"), "--format", "json")
    facts = json.loads(orchestrator(*words, state=home, environment=NO_CHOICE).stdout)
    return Engine(facts["host"], facts["private"], facts["version"], tuple(facts["platforms"]), here=facts["here"])


def pid_of(home: Path, program: str) -> int:
    record = json.loads((home / "engine" / f"{program}.json").read_text())
    return int(record["pid"])


def traces(home: Path) -> list[str]:
    """What runs or is mounted with a path of this state folder, and its network."""
    lines = subprocess.run(("ps", "-eww", "-o", "args"), capture_output=True, text=True, check=True).stdout.splitlines()
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    ours = [line for line in (*lines, *mounts) if f"{home}/" in line and "orchestrator" not in line]
    devices = subprocess.run(("ip", "-oneline", "link"), capture_output=True, text=True, check=True).stdout.splitlines()
    bridge = bridges.name_of(home / "engine")
    return [*ours, *(line for line in lines if LONG in line), *(line for line in devices if bridge in line)]


def imported(engine: Engine, arch: str, content: bytes) -> str:
    """An image of one static program, /bin/busybox, made without running anything."""
    entry = tarfile.TarInfo("bin/busybox")
    entry.size, entry.mode = len(content), 0o755
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(content))
    name = f"program:{arch}"
    subprocess.run(
        ("docker", "import", "--platform", str(ARCHES[arch].platform), "-", name),
        input=buffer.getvalue(),
        env={**os.environ, **engine.environment},
        check=True,
        capture_output=True,
    )
    return name


def status_of(engine: Engine, arch: str, image: str, *words: str) -> int:
    """How a container of the image ends."""
    platform = str(ARCHES[arch].platform)
    return subprocess.run(
        ("docker", "run", "--rm", "--platform", platform, image, "/bin/busybox", *words),
        env={**os.environ, **engine.environment},
        check=False,
        capture_output=True,
    ).returncode


@pytest.fixture(scope="session")
def busybox(tmp_path_factory: pytest.TempPathFactory, runner: SystemRunner) -> bytes:
    """Debian's static busybox for a foreign processor."""
    system = debian()
    if system is None:
        pytest.skip("needs a Debian mirror among apt's sources")
    return asyncio.run(_busybox(tmp_path_factory.mktemp("busybox"), suite=system.codename, runner=runner))


async def _busybox(folder: Path, *, suite: str, runner: SystemRunner) -> bytes:
    apt = Apt(folder / "state", runner)
    names = ["busybox-static"]
    packages = await apt.download(names, suite=suite, architecture=ARCHES[FOREIGN].debian, into=folder / "packages")
    await runner.run(("dpkg-deb", "--extract", str(packages[0]), str(folder / "root")))
    return next(file for file in (folder / "root").rglob("bin/busybox") if file.is_file()).read_bytes()


async def test_what_it_says_it_can_run_it_runs(home: Path, runner: SystemRunner) -> None:
    engine = up(home)
    able = await capabilities(engine, runner=runner, state=home)

    claimed = able.native | able.emulated
    images = {arch: imported(engine, arch, emulation.program(ARCHES[arch].elf_machine)) for arch in claimed}
    ran = {arch for arch, image in images.items() if status_of(engine, arch, image) == 42}

    assert ran == claimed
    assert FOREIGN in ran


def test_a_build_runs_foreign_programs(home: Path, tmp_path: Path, busybox: bytes) -> None:
    engine = up(home)
    context = tmp_path / "context"
    context.mkdir()
    (context / "busybox").write_bytes(busybox)
    (context / "busybox").chmod(0o755)
    lines = ["FROM scratch", "COPY busybox /bin/sh", 'RUN ["/bin/sh", "-c", "uname -m >/machine"]']
    (context / "Dockerfile").write_text("\n".join([*lines, 'CMD ["/bin/sh", "-c", "cat /machine; uname -m"]']))
    platform = ("--platform", str(ARCHES[FOREIGN].platform))
    docker(
        engine,
        "buildx",
        "build",
        "--builder",
        "default",
        *platform,
        "--tag",
        "t",
        "--load",
        str(context),
    )

    printed = docker(engine, "run", "--rm", *platform, "t")

    assert printed.split() == [FOREIGN, FOREIGN]


def test_the_second_start_finds_the_first(home: Path) -> None:
    first = up(home)
    pids = pid_of(home, "dockerd"), pid_of(home, "containerd")

    second = up(home)
    plain = orchestrator("engine", "up", state=home, environment=NO_CHOICE).stdout.strip()

    assert second == first
    assert first.private
    assert plain == first.host
    assert (pid_of(home, "dockerd"), pid_of(home, "containerd")) == pids


def test_two_processes_at_once_start_one_engine(home: Path) -> None:
    command = (
        sys.executable,
        "-m",
        "orchestrator",
        "engine",
        "up",
        "--socket",
        str(home / "docker.sock"),
    )
    environment = {**os.environ, "ORCHESTRATOR_STATE": str(home)}
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    hosts = [process.communicate(timeout=120)[0].strip() for process in both]

    assert hosts == [f"unix://{home}/docker.sock"] * 2
    assert sorted(line.split()[0] for line in traces(home) if "--config" in line) == ["containerd", "dockerd"]


@pytest.mark.parametrize("killed", [("dockerd",), ("containerd",), ("dockerd", "containerd")])
def test_it_comes_back_with_its_images_after_any_of_it_was_killed(home: Path, killed: tuple[str, ...]) -> None:
    engine = up(home)
    image = imported(engine, FOREIGN, emulation.program(ARCHES[FOREIGN].elf_machine))
    for program in killed:
        os.kill(pid_of(home, program), signal.SIGKILL)

    again = up(home)

    assert again == engine
    assert status_of(again, FOREIGN, image) == 42


def test_a_recycled_pid_of_an_earlier_boot_does_not_stop_it(home: Path) -> None:
    """After a restart of the machine its old pids belong to others, and its socket is a file that nobody serves."""
    up(home)
    for program in ("dockerd", "containerd"):
        os.kill(pid_of(home, program), signal.SIGKILL)
        record = home / "engine" / f"{program}.json"
        fields = json.loads(record.read_text())
        record.write_text(json.dumps({**fields, "pid": os.getpid(), "boot_id": "an earlier boot"}))
    (home / "engine" / "dockerd.pid").write_text(str(os.getpid()))

    assert up(home).private


def test_down_leaves_nothing_behind_even_of_a_killed_engine_with_a_container(home: Path, busybox: bytes) -> None:
    engine = up(home)
    image = imported(engine, FOREIGN, busybox)
    platform = ("--platform", str(ARCHES[FOREIGN].platform))
    docker(engine, "run", "--detach", *platform, image, "/bin/busybox", "sleep", LONG)
    during = traces(home)
    os.kill(pid_of(home, "dockerd"), signal.SIGKILL)

    orchestrator("engine", "down", state=home)

    assert [line for line in during if "containerd-shim" in line]
    assert [line for line in during if LONG in line]
    assert traces(home) == []
    assert not (home / "docker.sock").exists()
    assert (home / "engine" / "data").is_dir()


def test_down_with_purge_deletes_its_folder(home: Path) -> None:
    up(home)

    orchestrator("engine", "down", "--purge", state=home)
    again = orchestrator("engine", "down", state=home)

    assert not (home / "engine").exists()
    assert "nothing to stop" in again.stderr


def test_two_engines_leave_each_other_their_network(
    home: Path, tmp_path_factory: pytest.TempPathFactory, busybox: bytes
) -> None:
    first = up(home)
    image = imported(first, FOREIGN, busybox)
    neighbour = tmp_path_factory.mktemp("n")
    try:
        up(neighbour)
    finally:
        orchestrator("engine", "down", "--purge", state=neighbour)

    assert status_of(first, FOREIGN, image, "ip", "route", "get", "192.0.2.1") == 0


def test_an_engine_of_others_is_used_and_never_stopped(home: Path, tmp_path: Path) -> None:
    engine = up(home)
    visitor = tmp_path / "visitor"
    choice = {"DOCKER_HOST": engine.host, "DOCKER_CONTEXT": ""}

    found = json.loads(orchestrator("engine", "up", "--format", "json", state=visitor, environment=choice).stdout)
    orchestrator("engine", "down", state=visitor, environment=choice)

    assert (found["host"], found["private"]) == (engine.host, False)
    assert docker(engine, "version", "--format", "{{.Server.Version}}") == engine.version


def test_a_chosen_docker_that_is_silent_is_told_and_not_replaced(home: Path) -> None:
    choice = {"DOCKER_HOST": f"unix://{home}/nobody.sock"}

    finished = orchestrator("engine", "up", state=home, environment=choice, check=False)

    assert finished.returncode == 13
    assert "(from DOCKER_HOST) does not answer: No such file or directory" in finished.stderr
    assert not (home / "engine").exists()


def test_a_socket_that_somebody_else_serves_is_left_alone(home: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(home / "docker.sock"))
        other.listen()
        words = ("engine", "up", "--socket", str(home / "docker.sock"))

        finished = orchestrator(*words, state=home, environment=NO_CHOICE, check=False)

    assert finished.returncode == 13
    assert "end what listens there, or choose another --socket" in finished.stderr
    assert traces(home) == []
