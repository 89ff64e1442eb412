"""`orchestrator schema`: the JSON Schema of a document that people write."""

import json

import click

from orchestrator.errors import ExitCode
from orchestrator.model.schemas import DOCUMENTS, schema
from orchestrator.tools.inputs import CONFIG_FILE


@click.command(name="schema")
@click.argument("document", type=click.Choice(sorted(DOCUMENTS)), default=CONFIG_FILE)
def command(document: str) -> ExitCode:
    """Print the JSON Schema of DOCUMENT (orchestrator.yaml when left out), for editors.

    \b
    Example: orchestrator schema versions.json > versions.schema.json
    """
    click.echo(json.dumps(schema(document), indent=2, sort_keys=True))
    return ExitCode.DONE
