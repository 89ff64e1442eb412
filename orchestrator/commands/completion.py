"""What completes a command line: the lines, variants, arches and targets of the image in the folder that it names."""

from collections.abc import Callable, Iterable, Sequence

import click

from orchestrator.errors import InputError
from orchestrator.model.facts import Facts, facts
from orchestrator.model.platforms import ARCHES
from orchestrator.model.targets import ALL, NATIVE
from orchestrator.tools import inputs

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def _words(of: Callable[[Sequence[Facts]], Iterable[str]]) -> Completer:
    """A completer that offers these words of an image; nothing where its files are wrong, which is for verbs to say."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        try:
            loaded = inputs.load(root=ctx.find_root().params["directory"], environment={}, overrides={})
            known = facts(loaded.catalog, loaded.config)
        except InputError:
            return []
        return [word for word in dict.fromkeys(of(known)) if word.startswith(incomplete)]

    return complete


def arches(_ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Complete `--arch`."""
    return [word for word in (ALL, NATIVE, *ARCHES) if word.startswith(incomplete)]


lines = _words(lambda known: (each.line for each in known))
variants = _words(lambda known: (word for each in known for word in (each.variant.group, each.variant.name)))
targets = _words(lambda known: (each.name for each in known))
