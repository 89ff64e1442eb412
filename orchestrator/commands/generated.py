"""How verbs that generate files show what differs in the folder of those files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import click

from orchestrator.model.trees import FileTree
from orchestrator.tools import files


@dataclass(frozen=True, slots=True)
class Difference:
    """How a folder differs from what it should hold."""

    changed: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()
    """Files of ours that should not be there any more."""
    diff: str = ""
    """Empty unless it was asked for."""

    def __bool__(self) -> bool:
        return bool(self.changed or self.left_over)


def difference(
    root: Path, tree: FileTree, left_over: Sequence[PurePosixPath], *, name: PurePosixPath, with_diff: bool
) -> Difference:
    """How the folder `root`, which people know by `name`, differs from the tree; what is `left_over` goes."""
    changed = files.stale(root, tree)
    below = name.relative_to(name.anchor)
    return Difference(
        tuple(str(name / path) for path in changed),
        tuple(str(name / path) for path in left_over),
        files.diff(root, tree, [*changed, *left_over], name=below) if with_diff else "",
    )


def print_difference(found: Difference, *, verb: str) -> None:
    """Name the files on stdout, with their diff where there is one; the `verb` mends them."""
    for path in found.changed:
        click.echo(path)
    for path in found.left_over:
        click.echo(f"{path} (left over)")
    if found.diff:
        click.echo(found.diff, nl=False)
        click.echo(f"these files are stale; `orchestrator {verb}` writes them anew", err=True)
