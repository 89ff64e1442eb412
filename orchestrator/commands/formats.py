"""How verbs print: for people, or for programs."""

import click

text_or_json = click.option(
    *("--format", "output_format"), type=click.Choice(["text", "json"]), default="text", help="How to print."
)
"""Gives a verb `--format`, which it gets as `output_format`."""
