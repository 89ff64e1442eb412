import click
import pytest
from click.testing import CliRunner

from orchestrator.commands.spans import Span


@click.command
@click.option("--timeout", type=Span(), default="3h")
def command(*, timeout: float) -> None:
    click.echo(timeout)


@pytest.mark.parametrize(("arguments", "expected"), [([], "10800.0\n"), (["--timeout", "90s"], "90.0\n")])
def test_a_span_comes_in_seconds(arguments: list[str], expected: str) -> None:
    assert CliRunner().invoke(command, arguments).output == expected


def test_a_wrong_span_is_wrong_usage() -> None:
    result = CliRunner().invoke(command, ["--timeout", "soon"])

    assert (result.exit_code, "'soon' is not a span of time" in result.output) == (2, True)
