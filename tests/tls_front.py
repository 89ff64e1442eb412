"""TLS before a server that has none: socat, which lets nobody in whose certificate it does not trust."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_FILES = {"cert": "cert.pem", "key": "key.pem", "cafile": "ca.pem"}
_LISTENS = re.compile(r"listening on AF=2 (127\.0\.0\.1:[0-9]+)")
_START_SECONDS = 10


@contextlib.contextmanager
def tls_front(server: str, folder: Path) -> Iterator[str]:
    """The address, such as `tcp://127.0.0.1:40001`, that leads through TLS to that of a server.

    The folder has `cert.pem` and `key.pem` of who listens, and in `ca.pem` the authority of those that may connect.
    """
    files = ",".join(f"{option}={folder / name}" for option, name in _FILES.items())
    listen = f"OPENSSL-LISTEN:0,bind=127.0.0.1,fork,verify=1,{files}"
    command = ("socat", "-d", "-d", listen, f"TCP:{server.removeprefix('tcp://')}")
    log = folder / "front.log"
    with log.open("wb") as file, subprocess.Popen(command, stderr=file, start_new_session=True) as front:
        try:
            yield f"tcp://{_address(log)}"
        finally:
            # With those that it started for connections.
            os.killpg(front.pid, signal.SIGKILL)


def _address(log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if found := _LISTENS.search(log.read_text()):
            return found[1]
        time.sleep(0.02)
    return pytest.fail(f"socat does not listen: {log.read_text()}")
