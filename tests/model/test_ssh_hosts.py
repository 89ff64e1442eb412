"""Hosts that are reached by ssh: how they are written, what leads there, what it means where that fails."""

import pytest

from orchestrator.errors import NotAuthorisedError, ProgramMissingError, UnavailableError
from orchestrator.model.refusals import Refusal
from orchestrator.model.ssh_hosts import SshHost, refusal

OPTIONS = ("ssh", "-T", "-o", "ConnectTimeout=30", "-o", "BatchMode=yes")
DIAL = ("docker", "system", "dial-stdio")
HOST = SshHost("windows-2025", "builder")
LOGIN = "`ssh -l builder -- windows-2025`"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ssh://windows-2025", SshHost("windows-2025")),
        ("ssh://Farm_1/", SshHost("Farm_1")),
        ("ssh://builder@windows-2025", HOST),
        ("ssh://builder@windows-2025:2222", SshHost("windows-2025", "builder", "2222")),
        (r"ssh://CORP%5Cbuilder@windows-2025", SshHost("windows-2025", r"CORP\builder")),
        ("ssh://[2001:db8::1]:22", SshHost("2001:db8::1", port="22")),
        ("ssh://10.0.0.5/run/user/1000/docker.sock", SshHost("10.0.0.5", path="/run/user/1000/docker.sock")),
    ],
)
def test_an_address_is_read_as_dockers_client_reads_it(text: str, expected: SshHost) -> None:
    assert SshHost.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "ssh://",
        "ssh://@x",
        "tcp://x",
        "ssh://me:secret@x",
        "ssh://-oProxyCommand=x",
        "ssh://me@-oProxyCommand=x",
        "ssh://x:port",
        "ssh://x?y",
        "ssh://x/y#z",
        "ssh://a@b@c",
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected an address like ssh://builder@windows-2025:22, without a passw"):
        SshHost.parse(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (SshHost("x"), (*OPTIONS, "--", "x", *DIAL)),
        (SshHost("x", "me", "2222"), (*OPTIONS, "-l", "me", "-p", "2222", "--", "x", *DIAL)),
        (SshHost("x", path="/a b"), (*OPTIONS, "--", "x", "docker", "--host", "'unix:///a b'", "system", "dial-stdio")),
    ],
)
def test_the_command_asks_nothing_and_takes_no_option_from_an_address(host: SshHost, expected: tuple[str, ...]) -> None:
    assert host.dial == expected


@pytest.mark.parametrize(
    ("returncode", "stderr", "expected"),
    [
        (
            255,
            "No ED25519 host key is known for x and you have requested strict checking.\r\n"
            "Host key verification failed.\r\n",
            Refusal(
                "its host key is not known here", f"log in once by {LOGIN} and compare the key", NotAuthorisedError
            ),
        ),
        (
            255,
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n",
            Refusal(
                "its host key is not the one that is known here",
                f"log in once by {LOGIN} and compare the key",
                NotAuthorisedError,
            ),
        ),
        (
            255,
            "builder@windows-2025: Permission denied (publickey).\n",
            Refusal(
                "builder@windows-2025: Permission denied (publickey).",
                f"see that {LOGIN} logs in without a question",
                NotAuthorisedError,
            ),
        ),
        (
            255,
            "ssh: connect to host x port 22: Connection refused\n",
            Refusal(
                "ssh: connect to host x port 22: Connection refused", f"see that {LOGIN} gets there", UnavailableError
            ),
        ),
        (255, "", Refusal("`ssh` ended with 255", f"see that {LOGIN} gets there", UnavailableError)),
        (
            127,
            "sh: 1: docker: not found\n",
            Refusal("no `docker` there: sh: 1: docker: not found", "install Docker there", ProgramMissingError),
        ),
        (
            1,
            "'docker' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n",
            Refusal(
                "no `docker` there: 'docker' is not recognized as an internal or external command,",
                "install Docker there",
                ProgramMissingError,
            ),
        ),
        (
            1,
            "dial unix /var/run/docker.sock: connect: permission denied\n",
            Refusal(
                "dial unix /var/run/docker.sock: connect: permission denied",
                f"let the user that {LOGIN} logs in use Docker there",
                NotAuthorisedError,
            ),
        ),
        (
            1,
            "dial unix /var/run/docker.sock: connect: no such file or directory\n",
            Refusal("dial unix /var/run/docker.sock: connect: no such file or directory", "start it", UnavailableError),
        ),
    ],
)
def test_a_failure_has_its_cause_and_its_remedy(returncode: int, stderr: str, expected: Refusal) -> None:
    assert refusal(HOST, returncode=returncode, stderr=stderr) == expected
