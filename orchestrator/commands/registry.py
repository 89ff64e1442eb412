"""The verb `registry`: starts, stops and describes the local registry."""

import json
import sys
from dataclasses import asdict

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.errors import ExitCode
from orchestrator.tools.local_registry import LocalRegistry, lifecycle


@click.group()
def command() -> None:
    """Start, stop and describe the local registry: on loopback only, for images that are not published yet.

    \b
    Example: orchestrator registry up
    """


@command.command()
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
@text_or_json
@click.pass_obj
def up(invocation: Invocation, *, dry_run: bool, output_format: str) -> ExitCode:
    """Have the registry run. Prints its address.

    \b
    Example: docker push "$(orchestrator registry up)/library/python:3.14"
    """
    if dry_run:
        known = run(_status(invocation))
        what = f"nothing to do: it runs at {known.address}" if known.running else f"would start it on {known.storage}"
        print(_json(known) if output_format == "json" else what)
        return ExitCode.DONE
    run(lifecycle.ensure(state=invocation.state, runner=invocation.runner, environment=invocation.environment))
    known = run(_status(invocation))
    print(_json(known) if output_format == "json" else known.address)
    return ExitCode.DONE


@command.command()
@click.option("--purge", is_flag=True, help="Also delete all that it stores.")
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
@click.pass_obj
def down(invocation: Invocation, *, purge: bool, dry_run: bool) -> ExitCode:
    """Stop the registry. What it stores stays.

    \b
    Example: orchestrator registry down
    """
    if dry_run:
        known = run(_status(invocation))
        print("would stop it" if known.running else "it does not run")
        if purge and known.address:
            print(f"would delete {known.storage}")
        return ExitCode.DONE
    if not run(lifecycle.down(state=invocation.state, environment=invocation.environment, purge=purge)):
        print("the local registry does not run; nothing to stop", file=sys.stderr)
    return ExitCode.DONE


@command.command()
@text_or_json
@click.pass_obj
def status(invocation: Invocation, *, output_format: str) -> ExitCode:
    """Say whether the registry runs, where, and where its data is.

    \b
    Example: orchestrator registry status --format json | jq -r .address
    """
    known = run(_status(invocation))
    if output_format == "json":
        print(_json(known))
        return ExitCode.DONE
    print(f"address  {known.address or 'none yet'}")
    print(f"running  {'yes' if known.running else 'no; `orchestrator registry up` starts it'}")
    print(f"storage  {known.storage}")
    return ExitCode.DONE


async def _status(invocation: Invocation) -> LocalRegistry:
    return await lifecycle.status(state=invocation.state, environment=invocation.environment)


def _json(known: LocalRegistry) -> str:
    return json.dumps({**asdict(known), "exit_code": int(ExitCode.DONE)}, sort_keys=True)
