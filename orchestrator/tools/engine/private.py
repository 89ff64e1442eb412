"""A Docker engine of our own: its settings, its processes (dockerd, containerd), its folder."""

import json
import os
import shutil
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from orchestrator.errors import LocalOutputError, ProgramMissingError
from orchestrator.tools import servers
from orchestrator.tools.engine import bridges
from orchestrator.tools.process import Runner

DEFAULT_SOCKET = Path("/var/run/docker.sock")
_PROGRAMS = frozenset({"dockerd", "containerd", "containerd-shim-runc-v2"})
_DOCKERD_RECORD, _CONTAINERD_RECORD = "dockerd.json", "containerd.json"
# dockerd gives its containers ten seconds to end. What a dead one leaves has nobody to end it in good order.
_GRACE_SECONDS = 20
_LEFT_GRACE_SECONDS = 2
_LOG_LINES = 12
# A unix socket's path has 107 bytes (unix(7)); the engine's longest below its root is exec/libnetwork/<12 digits>.sock.
_ROOT_MAX_BYTES = 70


class Remains(Enum):
    """What there is of an engine that may have ended badly."""

    NOTHING = "never started"
    DATA = "started once"
    LISTENING = "dockerd runs, and holds the socket"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where an engine lives and listens; engines that share neither live side by side on one machine."""

    root: Path
    socket: Path = DEFAULT_SOCKET

    @property
    def host(self) -> str:
        """As DOCKER_HOST takes it."""
        return f"unix://{self.socket}"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def bridge(self) -> str:
        """The network device that its containers are joined by."""
        return bridges.name_of(self.root)

    @property
    def log(self) -> Path:
        return self.root / "dockerd.log"


def remembered(root: Path) -> Settings:
    """The settings that an engine was last started with, or those of a first start."""
    try:
        daemon = json.loads((root / "daemon.json").read_text(encoding="utf-8"))
        socket = Path(daemon["hosts"][0].removeprefix("unix://"))
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return Settings(root)
    return Settings(root, socket)


def is_running(root: Path) -> bool:
    """Whether the engine of this folder runs, all of it: without its containerd dockerd answers, but builds nothing."""
    return all(servers.remembered(root / record) for record in (_DOCKERD_RECORD, _CONTAINERD_RECORD))


def remains(root: Path) -> Remains:
    """What there is of the engine of this folder."""
    if servers.remembered(root / _DOCKERD_RECORD):
        return Remains.LISTENING
    return Remains.DATA if os.access(root / "daemon.json", os.F_OK) else Remains.NOTHING


def obstacle(root: Path, *, mounts: str, filesystems: str) -> str:
    """Why no engine can run with this folder, in words that say what to do; empty when one can.

    `mounts` and `filesystems` are the texts of /proc/self/mounts and /proc/filesystems.
    """
    if len(os.fsencode(root)) > _ROOT_MAX_BYTES:
        return f"{root}: the path is too long for the engine's sockets; give ORCHESTRATOR_STATE a shorter one"
    points = [(Path(_unescaped(words[1])), words[2]) for line in mounts.splitlines() if (words := line.split())]
    if not any(kind in {"cgroup", "cgroup2"} for _, kind in points):
        return "no cgroups are mounted here; mount them, or in a container run it with --privileged"
    if "overlay" not in filesystems.split():
        return "the kernel has no overlay file system; load it with `modprobe overlay`"
    kinds = {point: kind for point, kind in points if root.is_relative_to(point)}
    nearest = max(kinds, key=lambda point: len(point.parts), default=None)
    if nearest is not None and kinds[nearest] == "overlay":
        return f"{root} is on an overlay file system, which holds no second one; put ORCHESTRATOR_STATE on a real disk"
    return ""


def mounts_below(root: Path, mounts: str) -> list[Path]:
    """What is mounted in a folder, the last mounted first; `mounts` is the text of /proc/self/mounts."""
    points = [Path(_unescaped(line.split()[1])) for line in mounts.splitlines()]
    return [point for point in reversed(points) if point != root and point.is_relative_to(root)]


async def start(settings: Settings, *, runner: Runner) -> None:
    """Start the engine, as root, once whatever is left of an earlier start is cleared; it answers a little later.

    Raises ProgramMissingError where no engine can run.
    """
    if reason := obstacle(settings.root, mounts=_text("/proc/self/mounts"), filesystems=_text("/proc/filesystems")):
        raise ProgramMissingError(f"cannot start an engine: {reason}")
    await stop(settings, runner=runner)
    settings.root.mkdir(parents=True, exist_ok=True)
    settings.root.chmod(0o700)
    settings.socket.parent.mkdir(parents=True, exist_ok=True)
    await bridges.ensure(settings.bridge, runner=runner)
    for program, option, file, text, record in (
        ("containerd", "--config", "containerd.toml", _containerd(settings), _CONTAINERD_RECORD),
        ("dockerd", "--config-file", "daemon.json", _daemon(settings), _DOCKERD_RECORD),
    ):
        configuration = settings.root / file
        configuration.write_text(text, encoding="utf-8")
        pid = runner.start((program, option, str(configuration)), log=settings.root / f"{program}.log")
        if server := servers.identify(pid):
            servers.remember(server, settings.root / record)


def has_processes(root: Path) -> bool:
    """Whether `stop` would end any: those of a running engine, or what a killed one left."""
    return bool(servers.processes_of(root, _PROGRAMS))


async def stop(settings: Settings, *, runner: Runner) -> bool:
    """End the engine's processes, also those that a killed one left, and its mounts; whether there were any.

    Its data stays. dockerd goes first, because it ends its containers in good order.
    """
    first = servers.remembered(settings.root / _DOCKERD_RECORD)
    if first is not None:
        await servers.stop([first], grace_seconds=_GRACE_SECONDS)
    left = servers.processes_of(settings.root, _PROGRAMS)
    await servers.stop(left, grace_seconds=_LEFT_GRACE_SECONDS)
    for point in mounts_below(settings.root, _text("/proc/self/mounts")):
        await runner.run(("umount", str(point)), check=False)
    if remains(settings.root) is not Remains.NOTHING:
        await bridges.remove(settings.bridge, runner=runner)
    # dockerd refuses to start when its old pid belongs to anybody now.
    for file in (_DOCKERD_RECORD, _CONTAINERD_RECORD, "dockerd.pid"):
        (settings.root / file).unlink(missing_ok=True)
    if first is not None or left:
        settings.socket.unlink(missing_ok=True)
    return first is not None or bool(left)


def purge(settings: Settings) -> None:
    """Delete the stopped engine's folder; raises LocalOutputError when something is still mounted in it."""
    if points := mounts_below(settings.root, _text("/proc/self/mounts")):
        raise LocalOutputError(f"{points[0]} is still mounted; `umount {points[0]}` and try again")
    if settings.root.exists():
        shutil.rmtree(settings.root)


def last_words(settings: Settings) -> str:
    """The end of dockerd's log."""
    try:
        lines = settings.log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join(lines[-_LOG_LINES:])


def _daemon(settings: Settings) -> str:
    daemon = {
        "bridge": settings.bridge,
        "containerd": str(settings.root / "exec" / "containerd.sock"),
        "data-root": str(settings.data),
        "exec-root": str(settings.root / "exec"),
        # An image store that holds indexes and attestations.
        "features": {"containerd-snapshotter": True},
        "hosts": [settings.host],
        "pidfile": str(settings.root / "dockerd.pid"),
    }
    return json.dumps(daemon, indent=2, sort_keys=True) + "\n"


def _containerd(settings: Settings) -> str:
    """Its own containerd: left to itself, dockerd takes the system's and shares its images with other engines."""
    return "\n".join(
        [
            "version = 2",
            f"root = {json.dumps(str(settings.data / 'containerd'))}",
            f"state = {json.dumps(str(settings.root / 'exec' / 'containerd'))}",
            'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
            "[grpc]",
            f"address = {json.dumps(str(settings.root / 'exec' / 'containerd.sock'))}",
            "",
        ]
    )


def _text(file: str) -> str:
    return Path(file).read_text(encoding="utf-8", errors="replace")


def _unescaped(field: str) -> str:
    # fstab(5): white space and backslashes are written as octal numbers.
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
