"""BuildKit daemons without an engine: how buildx is told of one, what it runs, and a build on it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import UnavailableError
from orchestrator.model.refusals import Refusal
from orchestrator.model.solve import Progress
from orchestrator.tools import buildx
from orchestrator.tools.buildx import Order, Solved
from orchestrator.tools.engine import tls
from orchestrator.tools.engine.capabilities import Capabilities, buildkit_capabilities, said_last
from orchestrator.tools.engine.certificates import Certificates
from orchestrator.tools.process import Runner
from orchestrator.tools.watchdog import Limits

NAME = "remote"
"""What buildx calls the one builder that it is told of in a folder of its own."""

Objection = Callable[[str, Certificates | None], Awaitable[Refusal | None]]
"""What TLS has against a connection, as `tls.objection` promises it."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """Where a daemon is, and how it is trusted."""

    endpoint: str
    certificates: Certificates | None = None
    """None for a connection without TLS."""

    def __str__(self) -> str:
        return f"the builder at {self.endpoint}"


def create_command(daemon: Daemon) -> list[str]:
    """Tell buildx of a daemon; nothing connects to it yet."""
    return [
        *("docker", "buildx", "create"),
        *("--name", NAME),
        *("--driver", "remote"),
        *(_tls_options(daemon.certificates) if daemon.certificates else ()),
        daemon.endpoint,
    ]


async def look_at(
    daemon: Daemon, *, runner: Runner, folder: Path, objection: Objection = tls.objection
) -> Capabilities:
    """What a daemon runs; buildx keeps its notes in `folder`.

    Raises UnavailableError where no BuildKit answers, InputError or NotAuthorisedError where that is because of TLS,
    ProgramMissingError without Docker's client.
    """
    environment = {"BUILDX_CONFIG": str(folder)}
    created = await runner.run(create_command(daemon), check=False, env=environment)
    try:
        if created.returncode:
            raise UnavailableError(said_last(created))
        return await buildkit_capabilities(NAME, runner=runner, environment=environment)
    except UnavailableError as error:
        # buildx does not say why a daemon is silent.
        if refusal := await objection(daemon.endpoint, daemon.certificates):
            raise refusal.error(f"{daemon}: {refusal.reason}; {refusal.remedy}") from error
        raise UnavailableError(f"{daemon}: {error}; start it, or name another one") from error


async def solve(
    order: Order,
    *,
    daemon: Daemon,
    runner: Runner,
    limits: Limits,
    on_progress: Callable[[Progress], None],
    on_line: Callable[[str], None],
) -> Solved:
    """As `buildx.solve`, on a daemon."""
    await runner.run(create_command(daemon), env={"BUILDX_CONFIG": str(order.state)})
    return await buildx.solve(order, runner=runner, env={}, limits=limits, on_progress=on_progress, on_line=on_line)


def _tls_options(certificates: Certificates) -> list[str]:
    """https://docs.docker.com/build/builders/drivers/remote/"""
    certificate, key = certificates.ours or ("", "")
    told = {"cacert": certificates.ca or "", "cert": certificate, "key": key, "servername": certificates.server_name}
    fields = (buildx.csv_field(f"{name}={value}") for name, value in told.items() if str(value))
    return [word for field in fields for word in ("--driver-opt", field)]
