"""`orchestrator config`: the effective configuration, and where each value comes from."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click
import yaml

from orchestrator.commands.formats import text_or_json
from orchestrator.commands.invocation import Invocation
from orchestrator.errors import ExitCode
from orchestrator.model.config import Config
from orchestrator.tools import inputs

_NEVER_WRAP = 1_000_000


@click.command(name="config")
@text_or_json
@click.pass_obj
def command(invocation: Invocation, output_format: str) -> ExitCode:
    """Show what orchestrator.yaml, the environment and the options say together.

    The text is YAML that could be an orchestrator.yaml; a comment says where each value comes from.

    \b
    Example: orchestrator --registry ghcr.io config
    Example: orchestrator config --format json | jq .config.registry
    """
    loaded = inputs.load(root=invocation.root, environment=invocation.environment, overrides=invocation.overrides)
    values = _values(loaded.config)
    if output_format == "json":
        document = {"config": values, "origins": dict(loaded.origins), "exit_code": int(ExitCode.DONE)}
        click.echo(json.dumps(document, indent=2, sort_keys=True))
    else:
        click.echo("\n".join(_lines(values, loaded.origins)))
    return ExitCode.DONE


def _values(config: Config) -> dict[str, Any]:
    """Every key with its value; inside of them, what is left out stays out."""
    all_given = config.model_copy(update={key: getattr(config, key) for key in Config.model_fields})
    return all_given.model_dump(mode="json", exclude_unset=True)


def _lines(values: Mapping[str, Any], origins: Mapping[str, str]) -> Iterator[str]:
    for key in Config.model_fields:
        first, *rest = _yaml(key, values[key]).splitlines()
        yield f"{first}  # {origins[key]}"
        yield from rest


def _yaml(key: str, value: Any) -> str:
    if value == "":
        return f"# {key}: not given"
    # Only what is innermost on one line; a single word would get braces.
    style = None if isinstance(value, dict | list) else False
    text: str = yaml.safe_dump(
        {key: value}, sort_keys=False, allow_unicode=True, width=_NEVER_WRAP, default_flow_style=style
    )
    return text
