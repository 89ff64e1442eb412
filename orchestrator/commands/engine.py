"""The verb `engine`: starts, stops and describes the Docker engine that builds run on."""

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.errors import ExitCode
from orchestrator.tools import engine
from orchestrator.tools.engine import Start
from orchestrator.tools.engine.capabilities import Capabilities, capabilities
from orchestrator.tools.engine.docker_host import Engine, Silence


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
@text_or_json
@click.pass_obj
def up(invocation: Invocation, *, socket: Path | None, dry_run: bool, output_format: str) -> ExitCode:
    """Have an engine: find it, or install and start it. Prints where it is, as DOCKER_HOST takes it.

    \b
    Examples:
      orchestrator engine up
      ORCHESTRATOR_STATE=/srv/second orchestrator engine up --socket /srv/second/docker.sock
    """
    place = socket.absolute() if socket else None
    if dry_run:
        start = run(_needed(invocation, place))
        print(_json(_to_do(start)) if output_format == "json" else "\n".join(_what_would_be_done(start)))
        return ExitCode.DONE
    found = run(
        engine.ensure(
            environment=invocation.environment, state=invocation.state, runner=invocation.runner, socket=place
        )
    )
    print(_json(_engine(found)) if output_format == "json" else found.host)
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
    if dry_run:
        _say_what_would_go(invocation.state, purge=purge)
        return ExitCode.DONE
    if not run(engine.down(state=invocation.state, runner=invocation.runner, purge=purge)):
        print("no engine of ours runs; nothing to stop", file=sys.stderr)
    return ExitCode.DONE


@command.command()
@text_or_json
@click.pass_obj
def status(invocation: Invocation, *, output_format: str) -> ExitCode:
    """Say which engine there is and what it can run.

    \b
    Example: orchestrator engine status --format json
    """
    answer, able = run(_look(invocation))
    if output_format == "json":
        print(_json(_facts(answer, able)))
    elif isinstance(answer, Silence):
        print(f"running   no: {answer}; {answer.ways_out}")
    else:
        print(f"running   yes, Docker {answer.version}")
        print(f"host      {answer.host}" + (f" (Docker context {answer.context})" if answer.context else ""))
        print(f"ours      {f'yes, in {engine.private_root(invocation.state)}' if answer.private else 'no'}")
        print(f"native    {' '.join(sorted(able.native))}")
        print(f"emulated  {' '.join(sorted(able.emulated)) or 'nothing'}")
    return ExitCode.DONE


async def _look(invocation: Invocation) -> tuple[Engine | Silence, Capabilities]:
    answer = await engine.look(environment=invocation.environment, state=invocation.state)
    if isinstance(answer, Silence):
        return answer, Capabilities(frozenset(), frozenset())
    return answer, await capabilities(answer, runner=invocation.runner, state=invocation.state)


async def _needed(invocation: Invocation, socket: Path | None) -> Engine | Start:
    return await engine.needed(
        environment=invocation.environment, state=invocation.state, runner=invocation.runner, socket=socket
    )


def _say_what_would_go(state: Path, *, purge: bool) -> None:
    root = engine.private_root(state)
    print(f"would stop the engine of {root}" if engine.may_be_stopped(state) else "no engine of ours runs")
    if purge and root.exists():
        print(f"would delete {root}")


def _what_would_be_done(start: Engine | Start) -> Iterator[str]:
    if isinstance(start, Engine):
        yield f"nothing to do: Docker {start.version} answers at {start.host}"
        return
    if start.packages:
        yield f"would install {shlex.join(map(str, start.packages))}"
    yield f"would start an engine at {start.settings.host} with its data in {start.settings.root}"


def _to_do(start: Engine | Start) -> dict[str, Any]:
    if isinstance(start, Engine):
        return _engine(start)
    return {"running": False, "host": start.settings.host, "would_install": [str(each) for each in start.packages]}


def _json(facts: Mapping[str, Any]) -> str:
    return json.dumps({**facts, "exit_code": int(ExitCode.DONE)}, sort_keys=True)


def _engine(found: Engine) -> dict[str, Any]:
    """What is told of an engine: all but certificates, which are named for builders alone."""
    facts = asdict(found)
    del facts["certificates"]
    return {"running": True, **facts}


def _facts(answer: Engine | Silence, able: Capabilities) -> dict[str, Any]:
    if isinstance(answer, Silence):
        return {"running": False, "host": answer.endpoint.host, "reason": answer.reason}
    arches = {"native": sorted(able.native), "emulated": sorted(able.emulated)}
    return {**_engine(answer), **arches}
