"""A real sshd on loopback, and an `ssh` whose user has settings for some hosts there."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

_START_SECONDS = 10
_SSHD, _SSH = "/usr/sbin/sshd", "/usr/bin/ssh"

# What the user has set for a host: one that lets us in, one whose key we do not know, one that knows not ours, one that
# has nothing but a program that is not there, one where nobody listens, one that takes connections and says nothing.
_SETTINGS = """\
Host farm stranger locked bare
  Port {port}
Host stranger
  UserKnownHostsFile none
Host locked
  IdentityFile none
Host bare
  IdentityFile {root}/bare
Host farm stranger away silent
  IdentityFile {root}/key
Host away
  Port {closed}
Host silent
  Port {silent}
Host *
  HostName 127.0.0.1
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile {root}/known_hosts
  GlobalKnownHostsFile none
"""


@dataclass(frozen=True)
class SshServer:
    """Where it keeps its files, and what programs need in their environment to see the user's settings."""

    root: Path
    environment: Mapping[str, str]

    def connections(self) -> list[str]:
        """The command lines of all `ssh` that are there with these settings."""
        lines = (_command_line(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [line for line in lines if line.startswith(f"{_SSH} -F {self.root}/")]


@contextlib.contextmanager
def ssh_server(root: Path) -> Iterator[SshServer]:
    """Start it with all that it needs in a folder; ended with the block."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = _free_port()
        ports = {"port": port, "closed": _free_port(), "silent": silent.getsockname()[1]}
        _write_keys(root, port)
        (root / "settings").write_text(_SETTINGS.format(root=root, **ports))
        # OpenSSH looks for its settings in the home that the system knows, whatever HOME says.
        (root / "bin").mkdir()
        (root / "bin" / "ssh").write_text(f'#!/bin/sh\nexec {_SSH} -F {root}/settings "$@"\n')
        (root / "bin" / "ssh").chmod(0o755)
        with _running(root, port):
            yield SshServer(root, {**os.environ, "PATH": f"{root}/bin:{os.environ['PATH']}"})


@contextlib.contextmanager
def _running(root: Path, port: int) -> Iterator[None]:
    # Debian's waits for it to be made at boot.
    Path("/run/sshd").mkdir(exist_ok=True)
    server = subprocess.Popen((_SSHD, "-D", "-f", str(root / "sshd_config"), "-E", str(root / "log")))
    try:
        _wait(port, root / "log")
        yield
    finally:
        server.terminate()
        server.wait()


def _write_keys(root: Path, port: int) -> None:
    for name in ("host", "key", "bare"):
        subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(root / name)), check=True)
    host, key, bare = ((root / f"{name}.pub").read_text() for name in ("host", "key", "bare"))
    (root / "known_hosts").write_text(f"[127.0.0.1]:{port} {host}")
    (root / "authorized_keys").write_text(f'{key}command="no-such-docker" {bare}')
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": root / "host",
        "AuthorizedKeysFile": root / "authorized_keys",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "MaxStartups": 100,
    }
    (root / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _wait(port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail(f"sshd does not answer: {log.read_text()}")


def _command_line(process: Path) -> str:
    with contextlib.suppress(OSError):
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""
