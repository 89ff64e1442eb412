"""BuildKit daemons without an engine: how buildx is told of one, what it runs, and a build on it."""

from collections.abc import Callable
from pathlib import Path

from orchestrator.errors import UnavailableError
from orchestrator.model.solve import Progress
from orchestrator.tools import buildx
from orchestrator.tools.buildx import Order, Solved
from orchestrator.tools.engine.capabilities import Capabilities, buildkit_capabilities, said_last
from orchestrator.tools.process import Runner
from orchestrator.tools.watchdog import Limits

NAME = "remote"
"""What buildx calls the one builder that it is told of in a folder of its own."""


def create_command(endpoint: str) -> list[str]:
    """Tell buildx of a daemon; nothing connects to it yet."""
    return ["docker", "buildx", "create", "--name", NAME, "--driver", "remote", endpoint]


async def look_at(endpoint: str, *, runner: Runner, folder: Path) -> Capabilities:
    """What the daemon at an endpoint runs; buildx keeps its notes in `folder`.

    Raises UnavailableError where no BuildKit answers, ProgramMissingError without Docker's client.
    """
    environment = {"BUILDX_CONFIG": str(folder)}
    created = await runner.run(create_command(endpoint), check=False, env=environment)
    try:
        if created.returncode:
            raise UnavailableError(said_last(created))
        return await buildkit_capabilities(NAME, runner=runner, environment=environment)
    except UnavailableError as error:
        raise UnavailableError(f"the builder at {endpoint}: {error}; start it, or name another one") from error


async def solve(
    order: Order,
    *,
    endpoint: str,
    runner: Runner,
    limits: Limits,
    on_progress: Callable[[Progress], None],
    on_line: Callable[[str], None],
) -> Solved:
    """As `buildx.solve`, on the daemon at an endpoint."""
    await runner.run(create_command(endpoint), env={"BUILDX_CONFIG": str(order.state)})
    return await buildx.solve(order, runner=runner, env={}, limits=limits, on_progress=on_progress, on_line=on_line)
