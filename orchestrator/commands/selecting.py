"""The options by which verbs select targets, the same everywhere."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from orchestrator.commands.invocation import Invocation
from orchestrator.errors import InputError
from orchestrator.model.platforms import arch, native_arch
from orchestrator.model.targets import ALL, NATIVE, Selection

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.argument("targets", nargs=-1, metavar="[TARGET]..."),
    click.option("--version", "versions", multiple=True, metavar="LINE", help="Only this line, such as 3.14. Repeats."),
    click.option(
        "--variant",
        "variants",
        multiple=True,
        metavar="VARIANT",
        help="Only this variant (alpine3.24) or group (debian, slim, alpine, windowsservercore). Repeats.",
    ),
    click.option("--arch", "arches", multiple=True, metavar="ARCH", help="An arch, `native` or `all`. Repeats."),
)


def selection_options(function: F) -> F:
    """Add TARGET, --version, --variant and --arch to a verb."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def selection(
    invocation: Invocation,
    *,
    targets: tuple[str, ...],
    versions: tuple[str, ...],
    variants: tuple[str, ...],
    arches: tuple[str, ...],
    default_arch: str,
) -> Selection:
    """What the options ask for; raises InputError for an arch that is none.

    `default_arch` counts where neither `--arch` nor a target names one.
    """
    named = any("@" in target for target in targets)
    wanted = arches or (() if named else (default_arch,))
    try:
        names = [native_arch(invocation.machine).name if word == NATIVE else word for word in wanted]
        return Selection(targets, versions, variants, tuple(word if word == ALL else arch(word).name for word in names))
    except ValueError as error:
        raise InputError(f"--arch: {error}") from error
