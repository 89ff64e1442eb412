from pathlib import Path

import click
import pytest

from orchestrator.commands.invocation import Invocation
from orchestrator.commands.selecting import selects
from orchestrator.errors import ExitCode, InputError
from orchestrator.model.targets import ALL, NATIVE, Selection
from tests.commands.image import run


@click.command
@selects(default_arch=NATIVE)
@click.option("--loud", is_flag=True)
def probe(invocation: Invocation, *, selected: Selection, loud: bool) -> ExitCode:
    """Print what the verb is given."""
    click.echo(repr((selected, loud)))
    return ExitCode.DONE


@click.command
@selects(default_arch=ALL)
def everywhere(invocation: Invocation, *, selected: Selection) -> ExitCode:
    """Print what the verb is given."""
    click.echo(repr(selected))
    return ExitCode.DONE


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], Selection(arches=("amd64",))),
        (["--arch", "native"], Selection(arches=("amd64",))),
        (["--arch", "all"], Selection(arches=("all",))),
        (["--arch", "s390x", "--arch", "native"], Selection(arches=("s390x", "amd64"))),
        (["2.0/trixie"], Selection(names=("2.0/trixie",), arches=("amd64",))),
        (["2.0/trixie@s390x"], Selection(names=("2.0/trixie@s390x",))),
        (["1.0/trixie", "2.0/trixie@s390x"], Selection(names=("1.0/trixie@amd64", "2.0/trixie@s390x"))),
        (["2.0/trixie@s390x", "--arch", "all"], Selection(names=("2.0/trixie@s390x",), arches=("all",))),
        (
            ["--version", "2.0", "--version", "1.0", "--variant", "slim"],
            Selection(versions=("2.0", "1.0"), variants=("slim",), arches=("amd64",)),
        ),
    ],
)
def test_options_become_a_selection(tmp_path: Path, arguments: list[str], expected: Selection) -> None:
    result = run(probe, tmp_path, *arguments)

    assert (result.return_value, result.stdout) == (ExitCode.DONE, f"{(expected, False)!r}\n")


def test_the_default_arch_is_the_verbs_own(tmp_path: Path) -> None:
    assert run(everywhere, tmp_path).stdout == f"{Selection(arches=('all',))!r}\n"
    assert run(everywhere, tmp_path, "1.0/trixie", "2.0/trixie@s390x").stdout == (
        f"{Selection(names=('1.0/trixie', '2.0/trixie@s390x'))!r}\n"
    )


def test_a_verbs_own_options_are_its_own(tmp_path: Path) -> None:
    assert run(probe, tmp_path, "--loud").stdout == f"{(Selection(arches=('amd64',)), True)!r}\n"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("nonsense", "--arch: 'nonsense' is not an arch; there are amd64, "),
        ("arm64", "--arch: 'arm64' is not an arch; did you mean `arm64v8`?"),
        ("", "--arch: '' is not an arch"),
    ],
)
def test_an_arch_that_is_none_is_wrong_input(tmp_path: Path, word: str, expected: str) -> None:
    result = run(probe, tmp_path, "--arch", word)

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(expected)


@pytest.mark.parametrize(
    ("arguments", "is_default"),
    [([], True), (["2.0/trixie"], False), (["--arch", "native"], False), (["--variant", "slim"], False)],
)
def test_what_nobody_asked_for_is_told_apart(tmp_path: Path, arguments: list[str], is_default: bool) -> None:
    @click.command()
    @selects(default_arch=NATIVE)
    def asked(invocation: Invocation, *, selected: Selection) -> ExitCode:
        click.echo(selected.is_default)
        return ExitCode.DONE

    assert run(asked, tmp_path, *arguments).stdout == f"{is_default}\n"
