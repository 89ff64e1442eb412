"""The verb `engine`: starts, stops and describes the Docker engine that builds run on."""

import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from orchestrator.commands.invocation import Invocation, run
from orchestrator.errors import ExitCode
from orchestrator.tools import engine
from orchestrator.tools.engine import Start
from orchestrator.tools.engine.capabilities import Capabilities, capabilities
from orchestrator.tools.engine.docker_host import Engine, Silence

_format = click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)


@click.group()
def command() -> None:
    """Start, stop and describe a local engine with buildx and emulation.

    A Docker that answers is used as it is: the one of DOCKER_HOST, of Docker's current context, or at the default
    socket. Only where there is none, root on Debian gets an engine of its own.

    \b
    Example: orchestrator engine up
    """


@command.command()
@click.option("--socket", type=click.Path(path_type=Path), help="Start an engine of our own there, whatever else runs.")
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
@_format
@click.pass_obj
def up(invocation: Invocation, *, socket: Path | None, dry_run: bool, format_: str) -> ExitCode:
    """Have an engine: find it, or install and start it. Prints where it is, as DOCKER_HOST takes it.

    \b
    Examples:
      orchestrator engine up
      ORCHESTRATOR_STATE=/srv/second orchestrator engine up --socket /srv/second/docker.sock
    """
    place = socket.absolute() if socket else None
    if dry_run:
        return _say_what_would_be_done(run(_needed(invocation, place)))
    found = run(
        engine.ensure(
            environment=invocation.environment, state=invocation.state, runner=invocation.runner, socket=place
        )
    )
    print(json.dumps({"running": True, **asdict(found)}, sort_keys=True) if format_ == "json" else found.host)
    return ExitCode.DONE


@command.command()
@click.option("--purge", is_flag=True, help="Also delete the engine's images and build cache.")
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
@click.pass_obj
def down(invocation: Invocation, *, purge: bool, dry_run: bool) -> ExitCode:
    """Stop the engine that `up` started; any other is left alone. Its images stay.

    \b
    Example: orchestrator engine down
    """
    root = engine.private_root(invocation.state)
    if dry_run:
        print(f"would stop the engine of {root}" + (f" and delete {root}" if purge else ""))
        return ExitCode.DONE
    if not run(engine.down(state=invocation.state, runner=invocation.runner, purge=purge)):
        print("no engine of ours runs; nothing to stop", file=sys.stderr)
    return ExitCode.DONE


@command.command()
@_format
@click.pass_obj
def status(invocation: Invocation, *, format_: str) -> ExitCode:
    """Say which engine there is and what it can run.

    \b
    Example: orchestrator engine status --format json
    """
    answer, able = run(_look(invocation))
    if format_ == "json":
        print(json.dumps(_facts(answer, able), sort_keys=True))
    elif isinstance(answer, Silence):
        print(f"running   no: {answer}; {_remedy(answer)}")
    else:
        print(f"running   yes, Docker {answer.version}")
        print(f"host      {answer.host}" + (f" (Docker context {answer.context})" if answer.context else ""))
        print(f"ours      {f'yes, in {engine.private_root(invocation.state)}' if answer.private else 'no'}")
        print(f"native    {' '.join(sorted(able.native))}")
        print(f"emulated  {' '.join(sorted(able.emulated)) or 'nothing'}")
    return ExitCode.DONE


def _remedy(silence: Silence) -> str:
    """`up` starts none beside what the user chose."""
    return silence.ways_out if silence.endpoint.named_by else "`orchestrator engine up` starts one"


async def _look(invocation: Invocation) -> tuple[Engine | Silence, Capabilities]:
    answer = await engine.look(environment=invocation.environment, state=invocation.state)
    if isinstance(answer, Silence):
        return answer, Capabilities(frozenset(), frozenset())
    return answer, await capabilities(answer, runner=invocation.runner, state=invocation.state)


async def _needed(invocation: Invocation, socket: Path | None) -> Engine | Start:
    return await engine.needed(
        environment=invocation.environment, state=invocation.state, runner=invocation.runner, socket=socket
    )


def _say_what_would_be_done(start: Engine | Start) -> ExitCode:
    if isinstance(start, Engine):
        print(f"nothing to do: Docker {start.version} answers at {start.host}")
        return ExitCode.DONE
    if start.packages:
        print(f"would install {shlex.join(map(str, start.packages))}")
    print(f"would start an engine at {start.settings.host} with its data in {start.settings.root}")
    return ExitCode.DONE


def _facts(answer: Engine | Silence, able: Capabilities) -> dict[str, Any]:
    if isinstance(answer, Silence):
        return {"running": False, "host": answer.endpoint.host, "reason": answer.reason}
    arches = {"native": sorted(able.native), "emulated": sorted(able.emulated)}
    return {"running": True, **asdict(answer), **arches}
