"""Library files on disk: reading one, and asking a folder of them for the arches of base images."""

from collections.abc import Iterable
from pathlib import Path

from orchestrator.errors import InputError, joined
from orchestrator.model.library import Library
from orchestrator.model.library import reader as library_reader
from orchestrator.model.references import DOCKER_HUB, Reference
from orchestrator.tools import files
from orchestrator.tools.logs import log

_OFFICIAL = "library/"


def read(path: Path) -> Library:
    """The library that a file holds; raises InputError that names every wrong place by its line."""
    reading = library_reader.read(files.read(path), name=str(path))
    for warning in reading.warnings:
        log.warning("a value was read as another", what=warning)
    return reading.library


def base_arches(bases: Iterable[str], folder: Path) -> dict[str, tuple[str, ...]]:
    """The arches of base images by the library files of a folder, which are called like their images.

    Raises one InputError for all files that cannot be read, and one for all bases that they do not have.
    """
    names = {base: Reference.parse(base) for base in bases}
    if strangers := [name.short for name in names.values() if not _is_official(name)]:
        raise InputError(*(f"base {name}: is no official image; name its `architectures`" for name in strangers))
    libraries = _read_each({_path(name, folder) for name in names.values()})
    found = {base: libraries[_path(name, folder)].architectures_of(name.tag) for base, name in names.items()}
    if absent := [names[base] for base, arches in found.items() if not arches]:
        raise InputError(*(f"{_path(name, folder)}: no entry has the tag {name.tag}" for name in absent))
    return found


def _is_official(base: Reference) -> bool:
    return base.registry == DOCKER_HUB and base.path.startswith(_OFFICIAL)


def _path(base: Reference, folder: Path) -> Path:
    return folder / base.path.removeprefix(_OFFICIAL)


def _read_each(paths: Iterable[Path]) -> dict[Path, Library]:
    found: dict[Path, Library] = {}
    errors: list[InputError] = []
    for path in sorted(paths):
        try:
            found[path] = read(path)
        except InputError as error:
            errors.append(error)
    if errors:
        raise joined(errors)
    return found
