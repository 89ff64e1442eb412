"""The commits that rendered directories were last changed by."""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from orchestrator.errors import InputError
from orchestrator.model.dockerfile.context_sources import ContextSources
from orchestrator.model.library.of_image import Committed
from orchestrator.tools import files, git
from orchestrator.tools.git import Checkout
from orchestrator.tools.process import Runner


async def committed(
    root: Path, dockerfiles: Mapping[str, PurePosixPath], *, folder: str, runner: Runner
) -> dict[str, Committed]:
    """By the name of each Dockerfile (a path below `root`, in `folder`), where git has it and since which commit.

    That is the last commit that changed the Dockerfile or a file that it takes from its directory. Raises InputError
    that names every file that is not there, or not committed as it stands there.
    """
    texts = {path: _text(root, path) for path in dockerfiles.values()}
    checkout = await git.checkout(root, folder, runner=runner)
    needed = {path: _needed(path, text, checkout) for path, text in texts.items()}
    _refuse_uncommitted(needed.values(), checkout)
    return {
        name: Committed(
            checkout.prefix + str(path.parent),
            await git.last_commit(root, needed[path], is_shallow=checkout.is_shallow, runner=runner),
        )
        for name, path in dockerfiles.items()
    }


def _text(root: Path, path: PurePosixPath) -> str:
    if not (root / path).is_file():
        raise InputError(f"{path}: there is no such file; `orchestrator render` writes it, then commit it")
    return files.read(root / path)


def _needed(path: PurePosixPath, dockerfile: str, checkout: Checkout) -> tuple[str, ...]:
    """The Dockerfile and what it takes of its directory."""
    below = f"{path.parent}/"
    known = sorted(checkout.committed | checkout.changed)
    names = [name.removeprefix(below) for name in known if name.startswith(below)]
    try:
        taken = ContextSources.of(dockerfile).reach(names)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
    return tuple(dict.fromkeys((str(path), *(f"{below}{name}" for name in taken))))


def _refuse_uncommitted(needed: Iterable[Iterable[str]], checkout: Checkout) -> None:
    every = dict.fromkeys(name for names in needed for name in names)
    if dirty := [name for name in every if name in checkout.changed or name not in checkout.committed]:
        raise InputError(
            *(f"{name}: is not committed as it stands here; commit it, a library file names commits" for name in dirty)
        )
