"""The command line: options that every verb has, and one place where errors become exit codes."""

import asyncio
import contextlib
import datetime as dt
import gc
import importlib
import json
import os
import platform
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from types import ModuleType, TracebackType

import click

from orchestrator import __version__
from orchestrator.commands.invocation import Invocation
from orchestrator.errors import ExitCode, InputError, LocalOutputError, OrchestratorError
from orchestrator.tools import streams
from orchestrator.tools.logs import log
from orchestrator.tools.process import SystemRunner

# verb -> (module under orchestrator.commands, what `--help` says); imported only when the verb is used.
VERBS: dict[str, str] = {
    "bases": "Base images: where they come from, and how to make Debian's without Docker Hub.",
    "build": "Build what is needed, test it, and stage it.",
    "config": "Show the effective configuration and where each value comes from.",
    "doctor": "Say what is missing on this machine and how to get it.",
    "engine": "Start, stop and describe a local engine with buildx and emulation.",
    "history": "Show what tags named, since when, by which run.",
    "impact": "Show which builds stand on a base.",
    "jenkins": "Write the Jenkins jobs of the image and the pipelines that they run.",
    "library": "Write, check or read a library file of the Docker Official Images.",
    "list": "List targets with their tags and architectures.",
    "plan": "Show what would be built and why.",
    "publish": "Point arch tags, then shared tags, at what is staged.",
    "queue": "Show what an agent of one architecture should build now.",
    "readme": "Write README of the image, or of one architecture's repository.",
    "registry": "Start, stop and describe the local registry.",
    "render": "Write the Dockerfiles from versions.json and the templates.",
    "report": "Report what images consist of, and what differs between two.",
    "rollback": "Take back what a run of publishing moved.",
    "schema": "Print the JSON Schema of a document.",
    "sources": "Downloads that builds need: fetch, add by hand, list.",
    "status": "Show how every target stands on every architecture; as a page, too.",
    "update": "Bring versions.json to the newest releases of upstream.",
    "verify": "Verify that stored images are whole, and are what they say.",
    "why": "Show what changed since a target was staged last.",
}

# Keeps libraries from work while they are imported. aiohttp would read the authorities of this machine twice, a tenth
# of a start, where tools.registry.trust reads them when a host is asked by TLS; pydantic would look for plugins in all
# that is installed, none of which may change how we read.
_WHILE_IMPORTING = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull, "PYDANTIC_DISABLE_PLUGINS": "__all__"}


_EXIT_CODES = (
    "Exit codes: 0 done, 1 a bug of ours, 2 wrong usage or input, 3 nothing selected, 4 generated files differ, "
    "10 a build failed, 11 a smoke test failed, 12 incomplete, 13 registry, network or builder kept failing (run it "
    "again), 14 not authorised, 15 the local disk or an output, 20 publishing refused, 21 a tag or a plan moved under "
    "us, 22 a registry or builder broke its contract, 30 a program is missing or too old, 130 interrupted."
)


class Verbs(click.Group):
    """Imports a verb's module when it is called for, so that starting stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = _imported(f"orchestrator.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # click looks for the nearest one among commands that are imported, which none is by then.
        if args[0] not in VERBS and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(args[0], VERBS, n=1)
            raise click.UsageError(f"No verb {args[0]!r}" + (f"; did you mean {near[0]!r}?" if near else "."), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(sorted(VERBS.items()))


def _imported(name: str) -> ModuleType:
    """A module with all that it needs. None of that is garbage, and looking for some costs a tenth of a start."""
    gc.disable()
    try:
        with _environment(_WHILE_IMPORTING):
            return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@click.group(
    cls=Verbs,
    subcommand_metavar="VERB [ARGS]...",
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="orchestrator")
@click.option("-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The folder of the image.")
@click.option("--registry", metavar="HOST[:PORT]", help="Where images go, instead of what orchestrator.yaml says.")
@click.option(
    "--mirror", multiple=True, metavar="REGISTRY=WHERE", help="Reach a registry through WHERE (a URL, or `local`)."
)
@click.option(
    "--log-format", type=click.Choice(["auto", "console", "json"]), default="auto", help="How to log to stderr."
)
@click.option("-v", "--verbose", is_flag=True, help="Log every command that is run.")
@click.pass_context
def orchestrator(
    ctx: click.Context,
    directory: Path,
    *,
    registry: str | None,
    mirror: tuple[str, ...],
    log_format: str,
    verbose: bool,
) -> None:
    """Build one image in many flavours for many architectures, and publish it.

    \b
    Example: orchestrator build --variant alpine --version 3.14
    """
    environment = dict(os.environ)
    interactive = sys.stderr.isatty() and "CI" not in environment
    as_json = log_format == "json" or (log_format == "auto" and "CI" in environment)
    log.configure(as_json=as_json, colored=sys.stderr.isatty() and _wants_color(environment), verbose=verbose)
    overrides = {"registry": registry or "", "mirrors": ",".join(mirror)}
    ctx.obj = Invocation(
        root=_folder(directory),
        folder="" if directory == Path() else str(directory),
        state=_state(environment),
        environment=environment,
        overrides={key: value for key, value in overrides.items() if value},
        runner=SystemRunner(environment),
        now=lambda: dt.datetime.now(dt.UTC),
        machine=platform.machine(),
        interactive=interactive,
        host=platform.node(),
    )


def main() -> None:
    """Run a verb and exit with its code; errors become one clear message on stderr, JSON carries them too."""
    # Python ends with the code of a bug by itself, after it has called this.
    sys.excepthook = report_bug
    with streams.ready():
        code = _run(sys.argv[1:])
    sys.exit(code)


def report_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show what nobody expected, so that it can be reported: where in the code, without values of variables."""
    traceback.print_exception(kind, error, trace)
    problem = f"this is a bug in orchestrator {__version__}: {kind.__name__}; please report it with the lines above"
    print(f"error: {problem}", file=sys.stderr)
    _print_json([problem], ExitCode.BUG, arguments=sys.argv[1:])


def _run(arguments: list[str]) -> int:
    try:
        result = orchestrator.main(args=arguments, prog_name="orchestrator", standalone_mode=False)
        return int(result) if isinstance(result, int) else ExitCode.DONE
    except click.ClickException as error:
        error.show()
        return _print_json([error.format_message()], ExitCode.INPUT, arguments=arguments)
    except (click.Abort, KeyboardInterrupt, asyncio.CancelledError):
        _say("interrupted")
        return _print_json(["interrupted"], ExitCode.INTERRUPTED, arguments=arguments)
    except SystemExit as end:
        # click ends the process by itself when a shell has been told what completes a line, or, with an exit code,
        # when nobody reads our output any more.
        return ExitCode.LOCAL_OUTPUT if end.code else ExitCode.DONE
    except OrchestratorError as error:
        for problem in error.problems:
            _say(f"error: {problem}")
        return _print_json(error.problems, error.exit_code, arguments=arguments)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _print_json(problems: Sequence[str], code: ExitCode, *, arguments: Sequence[str]) -> ExitCode:
    """Print an error for programs where the verb was to print JSON; it may come before options are read."""
    if "--format=json" in arguments or ("--format", "json") in pairwise(arguments):
        # What the run died of counts, also where stdout is what failed.
        with contextlib.suppress(OSError, LocalOutputError):
            click.echo(json.dumps({"error": list(problems), "exit_code": int(code)}))
    return code


def _wants_color(environment: dict[str, str]) -> bool:
    """https://no-color.org, and a terminal that knows of no colours."""
    return not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def _folder(directory: Path) -> Path:
    try:
        return directory.resolve()
    except (OSError, RuntimeError) as error:  # a circle of links is no OSError before Python 3.13
        raise InputError(f"the folder {directory} is gone, or links to it lead in a circle; name one by -C") from error


def _state(environment: dict[str, str]) -> Path:
    """Where this machine keeps its engine, local registry and source cache; raises InputError where it has no place."""
    if given := environment.get("ORCHESTRATOR_STATE"):
        return Path(given).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/orchestrator")
    try:
        return Path(environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "orchestrator"
    except RuntimeError as error:
        raise InputError("this user has no home folder; set ORCHESTRATOR_STATE to a folder for what is kept") from error
