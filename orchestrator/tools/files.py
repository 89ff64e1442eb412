"""Generated files on disk: what differs, writing it, and what was left behind; links are never followed."""

import contextlib
import difflib
import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from orchestrator.errors import InputError, LocalOutputError
from orchestrator.model.trees import FileTree

_FILE_MODE = 0o666
"""Less what the umask takes."""


def read(path: Path) -> str:
    """The text of an input file; raises InputError."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> InputError:
    """What to raise for an input that cannot be read."""
    return InputError(f"{path}: {(error.strerror or 'cannot be read').lower()}")


def read_folder(folder: Path, *, suffix: str) -> dict[str, str]:
    """The texts of the files in a folder by their names; raises InputError, also for a link that leads out of it."""
    home = folder.resolve()
    texts: dict[str, str] = {}
    for path in _entries(folder):
        if path.name.endswith(suffix):
            if not path.resolve().is_relative_to(home):
                raise InputError(f"{path}: the link leads out of its folder; put the file itself there")
            texts[path.name] = read(path)
    return texts


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{folder}: there is no such folder; `-C` says where the image's files are") from error
    except OSError as error:
        raise unreadable(folder, error) from error


def stale(root: Path, tree: FileTree) -> list[PurePosixPath]:
    """Name the files below `root` that are missing or differ from the tree."""
    return [path for path, text in sorted(tree.items()) if _bytes(root, path) != text.encode()]


def write(root: Path, tree: FileTree) -> list[PurePosixPath]:
    """Make the files below `root` equal to the tree and name those that changed.

    A file has its old content or its new one at any moment, and equal files are not touched. Raises LocalOutputError.
    """
    changed = stale(root, tree)
    for path in changed:
        _replace(root, path, tree[path].encode())
    return changed


def left_over(
    root: Path, tree: FileTree, *, header: str, may_be_ours: Callable[[PurePosixPath], bool]
) -> list[PurePosixPath]:
    """Name the files below `root` that are not in the tree although their first words say that we wrote them."""
    strangers = (path for path in _files(root) if path not in tree and may_be_ours(path))
    return [path for path in strangers if _text(root, path).startswith(header)]


def delete(root: Path, paths: Iterable[PurePosixPath]) -> None:
    """Delete files below `root`, and the folders that become empty by it. Raises LocalOutputError."""
    for path in paths:
        with _output_errors(root / path), _folder(root, path.parent) as folder:
            os.unlink(path.name, dir_fd=folder)
        for parent in path.parents[:-1]:
            with contextlib.suppress(OSError):
                (root / parent).rmdir()


def try_out(root: Path) -> None:
    """Raise LocalOutputError unless files can be written below `root`: before work that leaves more than files."""
    probe = f".probe.{secrets.token_hex(8)}"
    with _output_errors(root), _folder(root, PurePosixPath(), create=True) as folder:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE, dir_fd=folder)
        try:
            os.write(descriptor, probe.encode())
        finally:
            os.close(descriptor)
            os.unlink(probe, dir_fd=folder)


def diff(root: Path, tree: FileTree, paths: Iterable[PurePosixPath], *, name: PurePosixPath) -> str:
    """What changes in these files as a unified diff that calls `root` by `name`; a file not in the tree goes."""
    return "".join(line for path in paths for line in _diff(name / path, old=_text(root, path), new=tree.get(path, "")))


def _diff(path: PurePosixPath, *, old: str, new: str) -> Iterator[str]:
    lines = difflib.unified_diff(
        old.splitlines(keepends=True),
        new.splitlines(keepends=True),
        fromfile=f"a/{path}" if old else "/dev/null",
        tofile=f"b/{path}" if new else "/dev/null",
    )
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _files(root: Path) -> Iterator[PurePosixPath]:
    """Every plain file below `root`, sorted; hidden folders and links are left alone."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = PurePosixPath(Path(folder).relative_to(root).as_posix())
        yield from (below / name for name in sorted(names) if not Path(folder, name).is_symlink())


def _text(root: Path, path: PurePosixPath) -> str:
    return (_bytes(root, path) or b"").decode("utf-8", "replace")


def _bytes(root: Path, path: PurePosixPath) -> bytes | None:
    """The content of a file; None when there is none. Raises LocalOutputError."""
    with _output_errors(root / path):
        if not path.name:
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        try:
            with _folder(root, path.parent) as folder:
                descriptor = os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            # A device would be replaced for the whole machine, and some of them can be read without end.
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "is no plain file, and only such are replaced; name another")
            return file.read()


def _replace(root: Path, path: PurePosixPath, content: bytes) -> None:
    with _output_errors(root / path), _folder(root, path.parent, create=True) as folder:
        temporary = f".{path.name}.{secrets.token_hex(8)}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            os.rename(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(temporary, dir_fd=folder)
            raise


@contextlib.contextmanager
def _folder(root: Path, folder: PurePosixPath, *, create: bool = False) -> Iterator[int]:
    """Open a folder below `root` step by step, so that no step can be a link, whenever it was put there."""
    if create:
        root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in folder.parts:
            if name == "..":
                raise OSError(errno.EINVAL, "a path must stay below its folder")
            if create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=descriptor)
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _output_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LocalOutputError(f"{path}: {_said(error)}") from error


def _said(error: OSError) -> str:
    # O_DIRECTORY with O_NOFOLLOW calls a link "not a directory".
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EEXIST):
        return "a symbolic link or a file is in the way; generated files are never written through links, so remove it"
    return (error.strerror or "cannot be used").lower()
