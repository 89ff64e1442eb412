"""Build contexts: what a Dockerfile can reach in its folder, and the clean copy that a builder gets."""

import hashlib
import os
import shutil
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from orchestrator.errors import InputError, LocalOutputError
from orchestrator.model.characters import refused
from orchestrator.model.dockerfile.context_sources import ContextSources
from orchestrator.model.dockerfile.ignore_rules import IgnoreRules
from orchestrator.model.plan.build_id import BuildInputs
from orchestrator.tools.files import read, unreadable

DOCKERFILE = "Dockerfile"
_IGNORE_FILES = (f"{DOCKERFILE}.dockerignore", ".dockerignore")
"""BuildKit takes the first of them that is there."""

_FILE_MODE = 0o644
_OPEN_MODE = 0o755
_EXECUTABLE_BITS = 0o111


def files(directory: Path, dockerfile: str) -> Mapping[str, str]:
    """sha256 of each file that a rendered Dockerfile (its text) can reach in its folder, by path.

    `+x` behind the hash marks a program. What no instruction takes and what a .dockerignore keeps out is not there;
    the Dockerfile itself is there only where it can be taken. Raises InputError for what a context of ours does not
    hold (links, devices, what cannot be read or shown), ValueError for a Dockerfile that cannot be read.
    """
    sources = ContextSources.of(dockerfile)
    if not sources.patterns:
        return {}
    rules = _rules(directory)
    there = {path.relative_to(directory).as_posix(): path for path in _below(directory, rules)}
    open_ = [name for name in sorted({*there, DOCKERFILE}) if not rules.ignores(name)]
    links = (name for name in open_ if name in there and there[name].is_symlink())
    text = hashlib.sha256(dockerfile.encode()).hexdigest()
    reached = sorted({*sources.reach(open_), *sources.pass_through(links)})
    if problems := [f"{directory}: {problem}" for name in reached for problem in _problems_of_a_name(name)]:
        raise InputError(*problems)
    return {name: text if name == DOCKERFILE else _hash(there[name]) for name in reached}


def check(directory: Path, inputs: BuildInputs) -> None:
    """Compare a copy with what a build is named after; raises InputError when somebody changed it meanwhile."""
    expected = {**inputs.files, DOCKERFILE: inputs.dockerfile}
    changed = [name for name, expected_hash in sorted(expected.items()) if _there(directory / name) != expected_hash]
    if changed:
        raise InputError(f"{', '.join(changed)}: changed while the build was being prepared; run it again")


def copy(directory: Path, into: Path, *, files: Collection[str] = (), epoch: int) -> Path:
    """Copy a Dockerfile and these files of its folder, so that equal contents are equal bytes to the builder.

    Modes are 644 or 755 and all times `epoch`, so neither the umask nor the times of the checkout matter. BuildKit
    rewrites only times that are later than SOURCE_DATE_EPOCH, so earlier ones would show in the layers. What is not
    there is left to `check`.
    """
    try:
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        for name in (DOCKERFILE, *files):
            _copy(directory / name, into / name, may_be_program=name != DOCKERFILE)
        if _IGNORE_FILES[0] not in files:
            # What may not be taken is not copied; only the Dockerfile, which the builder needs, is kept out by a rule.
            hidden = (_IGNORE_FILES[0], *(() if DOCKERFILE in files else (DOCKERFILE,)))
            (into / _IGNORE_FILES[0]).write_text("".join(f"{name}\n" for name in hidden), encoding="utf-8")
            (into / _IGNORE_FILES[0]).chmod(_FILE_MODE)
        for path in (*into.rglob("*"), into):
            if path.is_dir():
                path.chmod(_OPEN_MODE)
            os.utime(path, (epoch, epoch))
    except OSError as error:
        raise LocalOutputError(f"{into}: {error.strerror}; the build's context cannot be written there") from error
    return into


def _problems_of_a_name(name: str) -> Iterator[str]:
    for found in refused(name):
        yield f"{name!r}: the name of a file in a build context contains the character {found}; rename it"


def _rules(directory: Path) -> IgnoreRules:
    try:
        path = next((directory / name for name in _IGNORE_FILES if (directory / name).is_file()), None)
    except OSError as error:
        raise unreadable(directory, error) from error
    if path is None:
        return IgnoreRules()
    try:
        return IgnoreRules.parse(read(path))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def _below(directory: Path, rules: IgnoreRules) -> Iterator[Path]:
    """Everything below a folder but folders; raises InputError for one that cannot be read and is not kept out."""

    def refuse(error: OSError) -> None:
        folder = Path(error.filename)
        is_open = folder == directory or not rules.ignores(folder.relative_to(directory).as_posix())
        if is_open and not isinstance(error, FileNotFoundError):
            raise unreadable(folder, error) from error

    for folder, folders, names in os.walk(directory, onerror=refuse):
        yield from (Path(folder, name) for name in names)
        yield from (path for name in folders if (path := Path(folder, name)).is_symlink())


def _copy(path: Path, target: Path, *, may_be_program: bool) -> None:
    if path.is_file() and not path.is_symlink():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        is_program = may_be_program and path.stat().st_mode & _EXECUTABLE_BITS
        target.chmod(_OPEN_MODE if is_program else _FILE_MODE)


def _there(path: Path) -> str:
    """The hash of a copied file; empty where there is none."""
    return _hash(path) if path.is_file() else ""


def _hash(path: Path) -> str:
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode):
            raise InputError(f"{path}: expected a plain file in a build context; replace the link by its content")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error
    return f"{digest}+x" if mode & _EXECUTABLE_BITS else digest
