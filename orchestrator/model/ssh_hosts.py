"""Hosts of engines that are reached by ssh: how they are written, what leads there, what it means where that fails."""

import re
import shlex
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

from orchestrator.errors import NotAuthorisedError, ProgramMissingError, UnavailableError
from orchestrator.model.refusals import Refusal

SSH_SCHEME = "ssh://"
CONNECT_SECONDS = 30
"""How long ssh waits for a host to take its connection."""

_ADDRESS = re.compile(
    r"ssh://(?:(?P<user>[^@:/]+)@)?(?P<host>\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[^][@:/?#-][^][@:/?#]*)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/[^?#]*)?"
)
# What a shell, or cmd.exe, says of a program that is not there.
_NO_PROGRAM = re.compile(r"command not found|: not found|is not recognized", re.IGNORECASE)
_NO_PROGRAM_STATUS = 127
_SSH_STATUS = 255


@dataclass(frozen=True, slots=True)
class SshHost:
    """The host of an engine, written ``ssh://[user@]host[:port][/path/of/its/socket]`` as Docker's client takes it."""

    name: str
    """As the user's own ssh configuration knows it."""
    user: str = ""
    port: str = ""
    path: str = ""
    """Where the engine listens there; empty for where Docker's client finds it."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError that does not repeat the text: it may hold a password."""
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise ValueError(
                "expected an address like ssh://builder@windows-2025:22, without a password; keys are kept by ssh"
            )
        user, host, port, path = (part or "" for part in match.group("user", "host", "port", "path"))
        return cls(host.strip("[]"), unquote(user), port, path.rstrip("/"))

    @property
    def login(self) -> tuple[str, ...]:
        """What a person types to get there."""
        user = ("-l", self.user) if self.user else ()
        port = ("-p", self.port) if self.port else ()
        return ("ssh", *user, *port, "--", self.name)

    @property
    def dial(self) -> tuple[str, ...]:
        """The command whose stdin and stdout are a connection to the engine there; it asks no questions.

        Docker's own client does the same: https://github.com/docker/cli/blob/master/cli/connhelper/connhelper.go
        """
        ssh, *login = self.login
        # The words after the host are read by a shell there.
        there = ("--host", shlex.quote(f"unix://{self.path}")) if self.path else ()
        options = ("-T", "-o", f"ConnectTimeout={CONNECT_SECONDS}", "-o", "BatchMode=yes")
        return (ssh, *options, *login, "docker", *there, "system", "dial-stdio")


def refusal(host: SshHost, *, returncode: int, stderr: str) -> Refusal:
    """What it means that the command to a host ended before the engine answered."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    said = lines[-1] if lines else f"`ssh` ended with {returncode}"
    login = f"`{shlex.join(host.login)}`"
    if returncode == _SSH_STATUS:
        return _refused_by_ssh(said, stderr, login)
    if returncode == _NO_PROGRAM_STATUS or _NO_PROGRAM.search(stderr):
        there = next((line for line in lines if _NO_PROGRAM.search(line)), said)
        return Refusal(f"no `docker` there: {there}", "install Docker there", ProgramMissingError)
    if "permission denied" in stderr.lower():
        return Refusal(said, f"let the user that {login} logs in use Docker there", NotAuthorisedError)
    return Refusal(said, "start it", UnavailableError)


def _refused_by_ssh(said: str, stderr: str, login: str) -> Refusal:
    if "Host key verification failed" in stderr:
        changed = "REMOTE HOST IDENTIFICATION HAS CHANGED" in stderr
        key = "its host key is not the one that is known here" if changed else "its host key is not known here"
        return Refusal(key, f"log in once by {login} and compare the key", NotAuthorisedError)
    if re.search(r"Permission denied|Too many authentication failures", stderr):
        return Refusal(said, f"see that {login} logs in without a question", NotAuthorisedError)
    return Refusal(said, f"see that {login} gets there", UnavailableError)
