"""The options by which verbs select targets, the same everywhere."""

import functools
from collections.abc import Callable
from typing import Any

import click

from orchestrator.commands import completion
from orchestrator.commands.invocation import Invocation
from orchestrator.errors import ExitCode, InputError
from orchestrator.model.platforms import arch, native_arch
from orchestrator.model.targets import ALL, NATIVE, Selection

Verb = Callable[..., ExitCode]

_VARIANT_HELP = "Only this variant (alpine3.24) or group (debian, slim, alpine, windowsservercore). Repeats."


def selects(*, default_arch: str) -> Callable[[Verb], Verb]:
    """Give a verb TARGET, --version, --variant and --arch; it gets the invocation and, as `selected`, what they say.

    `default_arch` counts without --arch, for each target that names no arch itself.
    """
    options = (
        click.argument("targets", nargs=-1, metavar="[TARGET]...", shell_complete=completion.targets),
        click.option(
            *("--version", "versions"),
            multiple=True,
            metavar="LINE",
            help="Only this line: 3.14. Repeats.",
            shell_complete=completion.lines,
        ),
        click.option(
            *("--variant", "variants"),
            multiple=True,
            metavar="VARIANT",
            help=_VARIANT_HELP,
            shell_complete=completion.variants,
        ),
        click.option(
            *("--arch", "arches"),
            multiple=True,
            metavar="ARCH",
            help=f"An arch, `native` or `all`; `{default_arch}` when left out. Repeats.",
            shell_complete=completion.arches,
        ),
    )

    def decorated(verb: Verb) -> Verb:
        @click.pass_obj
        @functools.wraps(verb)
        def with_selection(invocation: Invocation, /, **given: Any) -> ExitCode:
            words = {name: given.pop(name) for name in ("targets", "versions", "variants", "arches")}
            selected = _selection(**words, default_arch=default_arch, machine=invocation.machine)
            return verb(invocation, selected=selected, **given)

        return functools.reduce(lambda function, option: option(function), reversed(options), with_selection)

    return decorated


def _selection(
    *,
    targets: tuple[str, ...],
    versions: tuple[str, ...],
    variants: tuple[str, ...],
    arches: tuple[str, ...],
    default_arch: str,
    machine: str,
) -> Selection:
    """What the options ask for; raises InputError for an arch that is none."""
    bare = [target for target in targets if "@" not in target]
    wanted = arches or ((default_arch,) if bare or not targets else ())
    try:
        names = [native_arch(machine).name if word == NATIVE else word for word in wanted]
        names = [word if word == ALL else arch(word).name for word in names]
    except ValueError as error:
        raise InputError(f"--arch: {error}") from error
    if len(bare) < len(targets) and not arches:
        # Some name their arch and some do not: the default is for these alone.
        targets = tuple(_named(target, *names) if target in bare else target for target in targets)
        names = []
    is_default = not (targets or versions or variants or arches)
    return Selection(targets, versions, variants, tuple(names), is_default=is_default)


def _named(target: str, default_arch: str) -> str:
    return target if default_arch == ALL else f"{target}@{default_arch}"
