from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode, InputError, ProgramMissingError, UnavailableError
from orchestrator.model.refusals import Refusal
from orchestrator.tools.builders import remote
from orchestrator.tools.builders.remote import Daemon
from orchestrator.tools.buildx import Order, build_command
from orchestrator.tools.engine.capabilities import Capabilities
from orchestrator.tools.engine.certificates import Certificates
from orchestrator.tools.watchdog import Limits
from tests.fake_runner import ABSENT, Answer, FakeRunner
from tests.samples import build

ENDPOINT = "tcp://10.0.0.5:1234"
DAEMON = Daemon(ENDPOINT)
SILENT = Answer(stdout="Status: inactive\n")
INSPECTED = Answer(stdout="Name: remote\nStatus: running\nPlatforms: linux/s390x, linux/amd64\n")
CREATE = ("docker", "buildx", "create", "--name", "remote", "--driver", "remote", ENDPOINT)
CERTIFICATES = Certificates(Path("/keys"), has_ours=True, server_name="builder.example")


class Tls:
    """TLS that has something or nothing against a connection."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.refusal = refusal
        self.asked: list[tuple[str, Certificates | None]] = []

    async def __call__(self, address: str, certificates: Certificates | None) -> Refusal | None:
        self.asked.append((address, certificates))
        return self.refusal


async def test_what_a_daemon_runs_is_asked_in_a_folder_of_its_own(tmp_path: Path) -> None:
    runner, objection = FakeRunner({"docker buildx inspect": INSPECTED}), Tls()

    runs = await remote.look_at(DAEMON, runner=runner, folder=tmp_path, objection=objection)

    assert runs == Capabilities(frozenset({"s390x"}), frozenset({"amd64"}))
    assert runner.asked == [CREATE, ("docker", "buildx", "inspect", "remote")]
    assert runner.environments == [{"BUILDX_CONFIG": str(tmp_path)}] * 2
    assert objection.asked == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"docker buildx create": Answer(1, stderr="ERROR: protocol not available\n")}, "protocol not available"),
        ({"docker buildx inspect": SILENT}, "no BuildKit answers there"),
    ],
)
async def test_a_daemon_that_does_not_answer_is_told_by_its_address(
    tmp_path: Path, script: dict[str, Answer], reason: str
) -> None:
    with pytest.raises(UnavailableError) as raised:
        await remote.look_at(DAEMON, runner=FakeRunner(script), folder=tmp_path, objection=Tls())

    assert raised.value.problems == (f"the builder at {ENDPOINT}: {reason}; start it, or name another one",)


async def test_where_tls_is_why_a_daemon_is_silent_that_is_told_instead(tmp_path: Path) -> None:
    daemon = Daemon(ENDPOINT, CERTIFICATES)
    runner = FakeRunner({"docker buildx inspect": SILENT})
    objection = Tls(Refusal("TLS: its certificate is not trusted", "renew it", InputError))

    with pytest.raises(InputError) as raised:
        await remote.look_at(daemon, runner=runner, folder=tmp_path, objection=objection)

    assert raised.value.problems == (f"the builder at {ENDPOINT}: TLS: its certificate is not trusted; renew it",)
    assert objection.asked == [(ENDPOINT, CERTIFICATES)]


async def test_without_dockers_client_there_is_no_way_to_a_daemon(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissingError, match="`docker` is not on this machine"):
        await remote.look_at(DAEMON, runner=FakeRunner({"docker": ABSENT}), folder=tmp_path, objection=Tls())


@pytest.mark.parametrize(
    ("certificates", "options"),
    [
        (None, ()),
        (replace(CERTIFICATES, has_ours=False, server_name=""), ("cacert=/keys/ca.pem",)),
        (
            CERTIFICATES,
            ("cacert=/keys/ca.pem", "cert=/keys/cert.pem", "key=/keys/key.pem", "servername=builder.example"),
        ),
        # buildx reads each of them as CSV.
        (Certificates(Path("/a,b"), has_ours=False), ('"cacert=/a,b/ca.pem"',)),
    ],
)
def test_buildx_is_told_by_which_certificates_a_daemon_is_trusted(
    certificates: Certificates | None, options: tuple[str, ...]
) -> None:
    command = remote.create_command(Daemon(ENDPOINT, certificates))

    assert command == [*CREATE[:-1], *(word for option in options for word in ("--driver-opt", option)), ENDPOINT]


async def test_buildx_is_told_of_the_daemon_before_each_build(tmp_path: Path) -> None:
    runner, daemon = FakeRunner(), Daemon(ENDPOINT, CERTIFICATES)
    order = Order(
        build=build("2.0/trixie@s390x"),
        builder=remote.NAME,
        context=tmp_path / "context",
        sources=None,
        output=tmp_path / "layout",
        epoch=315_532_800,
        log=tmp_path / "build.log",
        pushes=True,
    )

    solved = await remote.solve(
        order,
        daemon=daemon,
        runner=runner,
        limits=Limits(60, 60, float("inf")),
        on_progress=lambda progress: None,
        on_line=lambda line: None,
    )

    assert (solved.code, runner.asked) == (
        ExitCode.DONE,
        [tuple(remote.create_command(daemon)), tuple(build_command(order))],
    )
    assert {environment["BUILDX_CONFIG"] for environment in runner.environments} == {str(tmp_path / "buildx")}
