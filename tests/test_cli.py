import asyncio
import contextlib
import importlib
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import click
import pytest

from orchestrator import __version__, cli
from orchestrator.commands.invocation import Invocation
from orchestrator.errors import ExitCode, NotAuthorisedError, OrchestratorError

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line as a shell would; returns the exit code."""

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["orchestrator", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return int(end.value.code or 0)

    return run


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Invocation], object]], None]:
    """Make a verb `probe` that does what the test wants."""

    def verb(act: Callable[[Invocation], object]) -> None:
        @click.command
        @click.option("--format", "_format")
        @click.pass_obj
        def command(invocation: Invocation, _format: str) -> object:
            return act(invocation)

        module = ModuleType("orchestrator.commands.probe")
        vars(module)["command"] = command
        monkeypatch.setitem(cli.VERBS, "probe", "Do what the test wants.")
        monkeypatch.setitem(sys.modules, "orchestrator.commands.probe", module)

    return verb


def _raise(error: BaseException) -> Callable[[Invocation], object]:
    def act(invocation: Invocation) -> object:
        raise error

    return act


def test_help_names_every_verb(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    code = run("--help")

    output = capsys.readouterr().out
    assert (code, [verb for verb in cli.VERBS if f"\n  {verb} " not in output]) == (0, [])


def test_help_names_every_exit_code(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("--help")

    told = capsys.readouterr().out.partition("Exit codes:")[2]
    assert [int(number) for number in re.findall(r"\d+", told)] == sorted(ExitCode)


def test_every_verb_that_is_there_has_help_with_an_example(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    there = [verb for verb in cli.VERBS if importlib.util.find_spec(f"orchestrator.commands.{verb}")]

    codes = {verb: run(verb, "--help") for verb in there}

    assert (codes, capsys.readouterr().out.count("Example: ") >= len(there)) == (dict.fromkeys(there, 0), True)


def test_version(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert (run("--version"), capsys.readouterr().out) == (0, f"orchestrator, version {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["biuld"], "No verb 'biuld'; did you mean 'build'?"),
        (["xyz"], "No verb 'xyz'."),
        (["registry", "uqp"], "No such command 'uqp'"),
        (["--nonsense"], "No such option"),
        (["--log-format", "loud", "config"], "'loud' is not one of"),
        (["schema", "x"], "'x' is not one of"),
    ],
)
def test_wrong_usage_is_said_on_stderr(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    code = run(*arguments)

    output = capsys.readouterr()
    assert (code, output.out, expected in output.err) == (ExitCode.INPUT, "", True)


@pytest.mark.parametrize(
    ("how", "words", "expected"),
    [
        ("zsh_source", "", "compdef"),
        ("zsh_complete", "orchestrator bui", "plain\nbuild\n"),
        ("zsh_complete", "orchestrator build --arch s3", "plain\ns390x\n"),
    ],
)
def test_a_shell_is_told_what_completes_a_line(
    run: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    how: str,
    words: str,
    expected: str,
) -> None:
    monkeypatch.setenv("_ORCHESTRATOR_COMPLETE", how)
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))

    assert (run(), expected in capsys.readouterr().out) == (0, True)


def test_wrong_input_has_a_line_for_each_problem(run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code = run("-C", str(tmp_path), "config")

    output = capsys.readouterr()
    assert (code, output.out) == (ExitCode.INPUT, "")
    assert [line.partition(": there")[0] for line in output.err.splitlines()] == [
        "error: versions.json",
        "error: orchestrator.yaml",
    ]


@pytest.mark.parametrize(
    ("result", "expected"), [(ExitCode.INCOMPLETE, 12), (ExitCode.DONE, 0), (None, 0), (ExitCode.FILES_DIFFER, 4)]
)
def test_the_exit_code_is_what_the_verb_returns(
    run: Run, verb: Callable[..., None], result: object, expected: int
) -> None:
    verb(lambda invocation: result)

    assert run("probe") == expected


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (NotAuthorisedError("a", "b"), 14, "error: a\nerror: b\n"),
        (OrchestratorError("x"), 1, "error: x\n"),
        (KeyboardInterrupt(), 130, "\ninterrupted\n"),
        (asyncio.CancelledError(), 130, "interrupted\n"),
        (click.Abort(), 130, "interrupted\n"),
    ],
)
def test_errors_become_exit_codes_and_messages(
    run: Run,
    verb: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    said: str,
) -> None:
    verb(_raise(error))

    assert (run("probe"), capsys.readouterr()) == (code, ("", said))


@pytest.mark.parametrize("option", [["--format", "json"], ["--format=json"]])
def test_json_output_carries_the_error(
    run: Run, verb: Callable[..., None], capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    verb(_raise(NotAuthorisedError("a", "b")))

    run("probe", *option)

    assert json.loads(capsys.readouterr().out) == {"error": ["a", "b"], "exit_code": 14}


def test_a_verb_gets_what_the_environment_and_the_options_say(
    run: Run, verb: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[Invocation] = []
    monkeypatch.setenv("ORCHESTRATOR_STATE", "/elsewhere")
    verb(seen.append)

    run("-C", str(tmp_path), "--registry", "h:1", "--mirror", "a=b", "--mirror", "c=d", "probe")

    [invocation] = seen
    assert (invocation.root, invocation.state, dict(invocation.overrides), invocation.environment["NO_COLOR"]) == (
        tmp_path,
        Path("/elsewhere"),
        {"registry": "h:1", "mirrors": "a=b,c=d"},
        "1",
    )


def test_a_current_folder_that_is_gone_is_told(
    run: Run, verb: Callable[..., None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    verb(lambda _: None)
    (tmp_path / "gone").mkdir()

    with contextlib.chdir(tmp_path):
        os.chdir("gone")
        (tmp_path / "gone").rmdir()
        code = run("probe")

    said = "error: the folder . is gone, or links to it lead in a circle; name one by -C\n"
    assert (code, capsys.readouterr().err) == (ExitCode.INPUT, said)


def test_a_user_without_a_home_is_told_what_to_set(
    run: Run, verb: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    verb(lambda _: None)
    for name in ("ORCHESTRATOR_STATE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1)
    monkeypatch.setattr(Path, "home", nowhere)

    code = run("probe")

    said = "error: this user has no home folder; set ORCHESTRATOR_STATE to a folder for what is kept\n"
    assert (code, capsys.readouterr().err) == (ExitCode.INPUT, said)
