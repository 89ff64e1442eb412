"""The context of a build as the classic builder takes it: one tar archive, equal for equal files."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from orchestrator.errors import InputError, LocalOutputError
from orchestrator.model.classic.dockerfile import SOURCE_FOLDER

DOCKERFILE = ".orchestrator-dockerfile"
_IGNORE_FILE = ".dockerignore"
_FILE_MODE = 0o644
_OPEN_MODE = 0o755
_EXECUTABLE_BITS = 0o111


def write(into: Path, dockerfile: str, *, files: Mapping[str, Path], epoch: int) -> None:
    """Write the archive: the Dockerfile as DOCKERFILE, which no COPY takes, and files by their names in the context.

    Modes are 644 or 755, times `epoch`, as in the copy that BuildKit gets. Raises LocalOutputError, and InputError for
    a file that would stand in the way.
    """
    if _IGNORE_FILE in files:
        raise InputError(
            f"{_IGNORE_FILE}: a COPY takes it, but the classic builder needs that name for itself; "
            f"add the line `{_IGNORE_FILE}` to it"
        )
    # Of what these rules say, the engine carries out no more than this; leaving out the rest is the client's work.
    own = {DOCKERFILE: dockerfile.encode(), _IGNORE_FILE: f"{DOCKERFILE}\n{_IGNORE_FILE}\n".encode()}
    folders = {parent.as_posix() for name in files for parent in PurePosixPath(name).parents} - {"."}
    try:
        with tarfile.open(into, "w", format=tarfile.PAX_FORMAT) as archive:
            for name, content in own.items():
                archive.addfile(_member(name, epoch, size=len(content)), io.BytesIO(content))
            for name in sorted({*files, *folders}):
                _add(archive, _member(name, epoch), files.get(name))
    except OSError as error:
        raise LocalOutputError(f"{error.filename or into}: {error.strerror}; the build's context is lost") from error


def downloads(sources: Path) -> dict[str, Path]:
    """The files of a folder of downloads, by their names in the context."""
    files = (path for path in sources.rglob("*") if path.is_file())
    return {f"{SOURCE_FOLDER}/{path.relative_to(sources).as_posix()}": path for path in files}


def _add(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path | None) -> None:
    if path is None:
        member.type, member.mode = tarfile.DIRTYPE, _OPEN_MODE
        archive.addfile(member)
        return
    with path.open("rb") as file:
        found = path.stat()
        member.size = found.st_size
        member.mode = _OPEN_MODE if found.st_mode & _EXECUTABLE_BITS else _FILE_MODE
        archive.addfile(member, file)


def _member(name: str, epoch: int, *, size: int = 0) -> tarfile.TarInfo:
    """An entry of root's."""
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, _FILE_MODE, epoch
    return member
