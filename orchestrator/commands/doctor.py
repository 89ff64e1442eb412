"""The verb `doctor`: says what is missing on this machine and how to get it."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import click

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation, run
from orchestrator.errors import ExitCode, InputError
from orchestrator.model.config.builders import Builder
from orchestrator.tools import inputs
from orchestrator.tools.checks import Check, State
from orchestrator.tools.debian.apt import Apt
from orchestrator.tools.diagnosis import Surroundings, diagnose


@click.command()
@text_or_json
@click.pass_obj
def command(invocation: Invocation, *, output_format: str) -> ExitCode:
    """Say what is missing on this machine and how to get it; exit 30 when something needed is. Changes nothing.

    \b
    Example: orchestrator doctor
    """
    around = Surroundings(
        environment=invocation.environment,
        state=invocation.state,
        root=invocation.root,
        apt=Apt(invocation.state, invocation.runner),
        runner=invocation.runner,
        python=tuple(sys.version_info[:3]),
        builders=_builders(invocation),
    )
    checks = run(diagnose(around))
    code = ExitCode.PROGRAM_MISSING if any(check.state is State.MISSING for check in checks) else ExitCode.DONE
    if output_format == "json":
        print(json.dumps({"checks": [asdict(check) for check in checks], "exit_code": int(code)}))
    else:
        print("\n".join(lines(checks)))
    return code


def _builders(invocation: Invocation) -> Mapping[str, Builder]:
    """Those of the image that is worked on; what is wrong with its files is for other verbs to say."""
    try:
        loaded = inputs.load(root=invocation.root, environment=invocation.environment, overrides=invocation.overrides)
    except InputError:
        return {}
    return loaded.config.builders


def lines(checks: Sequence[Check]) -> Iterator[str]:
    """A line for each check, and one more that says what to do where something is missing."""
    width = max(len(check.name) for check in checks)
    for check in checks:
        yield f"{check.state:<8}  {check.name:<{width}}  {check.found}"
        if check.remedy:
            yield f"{'':<8}  {'':<{width}}  -> {check.remedy}"
