"""Build contexts: what the rendered directory of a target holds, and the clean copy that a builder gets."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from orchestrator.errors import InputError, LocalOutputError
from orchestrator.model.build_id import BuildInputs

DOCKERFILE = "Dockerfile"
_FILE_MODE = 0o644
_OPEN_MODE = 0o755
_EXECUTABLE_BITS = 0o111


def files(directory: Path) -> Mapping[str, str]:
    """sha256 of each file of a context except the Dockerfile, by path; `+x` behind the hash marks a program.

    Raises InputError for what a context of ours does not hold: links, devices, unreadable files.
    """
    found: dict[str, str] = {}
    for path in sorted(directory.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        name = path.relative_to(directory).as_posix()
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{path}: expected a plain file in a build context; replace the link by its content")
        if name != DOCKERFILE:
            found[name] = f"{_sha256(path)}+x" if path.stat().st_mode & _EXECUTABLE_BITS else _sha256(path)
    return found


def check(directory: Path, inputs: BuildInputs) -> None:
    """Compare a context with what a build is named after; raises InputError when somebody changed it meanwhile."""
    there = {DOCKERFILE: _sha256(directory / DOCKERFILE), **files(directory)}
    if there != (expected := {DOCKERFILE: inputs.dockerfile, **inputs.files}):
        changed = sorted({path for path, _ in there.items() ^ expected.items()})
        raise InputError(f"{', '.join(changed)}: changed while the build was being prepared; run it again")


def copy(directory: Path, into: Path, *, epoch: int) -> Path:
    """Copy a context so that equal contents are equal bytes to the builder: modes 644 or 755, all times `epoch`.

    Neither the umask nor the times of the checkout matter then. BuildKit rewrites only times that are later than
    SOURCE_DATE_EPOCH, so earlier ones would show in the layers.
    """
    try:
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        for path in sorted(directory.rglob("*")):
            target = into / path.relative_to(directory)
            if path.is_dir():
                target.mkdir(exist_ok=True)
            else:
                shutil.copyfile(path, target, follow_symlinks=False)
                target.chmod(_OPEN_MODE if path.stat().st_mode & _EXECUTABLE_BITS else _FILE_MODE)
        for path in (*into.rglob("*"), into):
            if path.is_dir():
                path.chmod(_OPEN_MODE)
            os.utime(path, (epoch, epoch))
    except OSError as error:
        raise LocalOutputError(f"{into}: {error.strerror}; the build's context cannot be written there") from error
    return into


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from error
