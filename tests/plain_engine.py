"""An engine as those of Windows are: with an image store of its own instead of containerd's."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.tools.engine.docker_host import Engine
from orchestrator.tools.engine.private import mounts_below
from orchestrator.tools.servers import processes_of

_START_SECONDS = 30
_STARTED = frozenset({"containerd", "containerd-shim-runc-v2"})


@contextlib.contextmanager
def plain_engine(root: Path, *, tls: Path | None = None, port: int = 0) -> Iterator[tuple[Engine, int]]:
    """Start such an engine with all that it keeps below a folder; gives it with its process.

    With `tls`, a folder of certificates, it also listens at a port on loopback for those that its authority knows.
    """
    host = f"unix://{root}/docker.sock"
    settings = {
        "bridge": "none",
        "iptables": False,
        "data-root": str(root / "data"),
        "exec-root": str(root / "exec"),
        "pidfile": str(root / "dockerd.pid"),
        "features": {"containerd-snapshotter": False},
        "hosts": [host],
    }
    if tls:
        files = {"tlscacert": "ca.pem", "tlscert": "cert.pem", "tlskey": "key.pem"}
        settings |= {name: str(tls / file) for name, file in files.items()}
        settings |= {"tlsverify": True, "hosts": [host, f"tcp://127.0.0.1:{port}"]}
    (root / "daemon.json").write_text(json.dumps(settings))
    with (root / "log").open("wb") as log:
        daemon = subprocess.Popen(("dockerd", "--config-file", str(root / "daemon.json")), stdout=log, stderr=log)
    try:
        version = _version(host, root / "log")
        yield Engine(host, private=True, version=version, platforms=("linux/amd64",)), daemon.pid
    finally:
        _stop(daemon, root)


def _version(host: str, log: Path) -> str:
    """What the engine says once it answers."""
    asking = ("docker", "--host", host, "version", "--format", "{{.Server.Version}}")
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        asked = subprocess.run(asking, capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            return asked.stdout.strip()
        time.sleep(0.1)
    return pytest.fail(f"dockerd does not answer: {log.read_text()[-2_000:]}")


def _stop(daemon: subprocess.Popen[bytes], root: Path) -> None:
    """End the engine with what it started, also where the test has killed it."""
    daemon.terminate()
    daemon.wait(_START_SECONDS)
    for process in processes_of(root, _STARTED):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    for point in mounts_below(root, Path("/proc/self/mounts").read_text()):
        subprocess.run(("umount", "--lazy", str(point)), check=False)
