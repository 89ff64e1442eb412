"""The two input files of an image, and what environment and options change about them."""

import datetime as dt
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.model import catalog as catalogs
from orchestrator.model import config as configs
from orchestrator.model import consistency, strict_yaml
from orchestrator.model.catalog import Catalog
from orchestrator.model.characters import refused
from orchestrator.model.config import Config
from orchestrator.model.problems import Loc, Problem, nearest, shown
from orchestrator.model.references import hub_name
from orchestrator.model.strict_yaml import Document

CATALOG_FILE = "versions.json"
CONFIG_FILE = "orchestrator.yaml"
DEFAULT_ORIGIN = "default"

MAX_BYTES = 4 * 1024 * 1024

_PREFIX = "ORCHESTRATOR_"
_KEYS = (
    "registry",
    "namespace",
    "staging_namespace",
    "image",
    "public_name",
    "git_url",
    "dockerfiles",
    "mirrors",
)
_VARIABLES = {f"{_PREFIX}{key.upper()}": key for key in _KEYS}
_OTHER_VARIABLES = frozenset({"ORCHESTRATOR_CERTIFICATES", "ORCHESTRATOR_STATE"})
VARIABLES = frozenset({*_VARIABLES, *_OTHER_VARIABLES})
"""The environment variables that are ours; any other with our prefix is a mistake."""
_OPTIONS = {"mirrors": "--mirror"}
_MIRRORS = "mirrors"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run knows of its image."""

    catalog: Catalog
    config: Config
    origins: Mapping[str, str]
    """By each key of the configuration, where its value comes from: `orchestrator.yaml:12`, `option --registry`."""


@dataclass(frozen=True, slots=True)
class _Change:
    key: str
    value: Any
    source: str
    """`environment ORCHESTRATOR_REGISTRY` or `option --registry`."""


def load(
    *, root: Path, environment: Mapping[str, str], overrides: Mapping[str, str], today: dt.date | None = None
) -> Inputs:
    """Read versions.json and orchestrator.yaml below `root`; options win over environment, environment over the file.

    `overrides` has options by configuration key; mirrors are written `docker.io=local,ghcr.io=https://mirror.example`
    and replace those of the same registry. Raises InputError that names every wrong place of both files, of the
    environment and of the options; with `today` also exclusions that have ended.
    """
    problems: list[str] = []
    catalog: Catalog | None = None
    config: Config | None = None
    document: Document | None = None
    with _collected(problems):
        catalog = catalogs.read(_text(root, CATALOG_FILE), name=CATALOG_FILE)
    changes = _changes(environment, overrides, problems)
    with _collected(problems):
        document = strict_yaml.parse(_text(root, CONFIG_FILE), name=CONFIG_FILE)
        config = _config(document, changes)
        found = consistency.problems(config, catalog) if catalog is not None else ()
        ended = consistency.expired(config, today=today) if today else ()
        _refuse((*found, *ended), document=document, changes=changes)
    if catalog is None or config is None or document is None or problems:
        raise InputError(*problems)
    return Inputs(catalog, config, _origins(document, changes))


def given_mirrors(*, environment: Mapping[str, str], overrides: Mapping[str, str]) -> dict[str, list[str]]:
    """The mirrors that environment and options name, for work outside the folder of an image; raises InputError."""
    problems: list[str] = []
    changes = _changes(environment, overrides, problems)
    if problems:
        raise InputError(*problems)
    found: dict[str, list[str]] = {}
    for change in changes:
        if change.key == _MIRRORS:
            found.update(change.value)
    return found


@contextmanager
def _collected(problems: list[str]) -> Iterator[None]:
    """Go on after wrong input, so that the next input is looked at too."""
    try:
        yield
    except InputError as error:
        problems.extend(error.problems)


def _text(root: Path, name: str) -> str:
    """The text of an input file; raises InputError when there is none, or not one that could be ours."""
    path = root / name
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{name}: {path} is not a file")
        if status.st_size > MAX_BYTES:
            raise InputError(f"{name}: {path} is larger than {MAX_BYTES} bytes; expected one written by hand")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(
            f"{name}: there is none in {root}; run in the folder of the image, or name it by `orchestrator -C FOLDER`"
        ) from error
    except OSError as error:
        raise InputError(f"{name}: {path} cannot be read: {error.strerror}") from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}:{line}: is not UTF-8; save it as UTF-8") from error


def _changes(environment: Mapping[str, str], overrides: Mapping[str, str], problems: list[str]) -> tuple[_Change, ...]:
    """What environment, then options say, in the order in which they apply; an empty value says nothing."""
    settings = {name.removeprefix(_PREFIX) for name in VARIABLES}
    given_settings = (name.removeprefix(_PREFIX) for name in sorted(environment) if name.startswith(_PREFIX))
    problems.extend(
        f"environment {_PREFIX}{setting}: no setting `{setting}`; {nearest(setting, settings)}"
        for setting in given_settings
        if setting not in settings
    )
    changes: list[_Change] = []
    given = [
        *((key, environment.get(variable, ""), f"environment {variable}") for variable, key in _VARIABLES.items()),
        *((key, text, f"option {_OPTIONS.get(key, f'--{key}')}") for key, text in sorted(overrides.items())),
    ]
    for key, text, source in given:
        with _collected(problems):
            if found := refused(text):
                raise InputError(f"{source}: contains the character {found[0]}; remove it")
            if text:
                changes.append(_Change(key, _mirrors(text, source) if key == _MIRRORS else text, source))
    return tuple(changes)


def _mirrors(text: str, source: str) -> dict[str, list[str]]:
    mirrors: dict[str, list[str]] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        registry, equals, where = part.partition("=")
        if not (registry and equals and where):
            raise InputError(f"{source}: {shown(part)} is not REGISTRY=WHERE; write it like docker.io=local")
        mirrors.setdefault(hub_name(registry), []).append(where)
    return mirrors


def _config(document: Document, changes: Iterable[_Change]) -> Config:
    value = document.value
    if isinstance(value, dict):
        for change in changes:
            value = {**value, change.key: _changed(value.get(change.key), change)}
    config = configs.parse(value)
    if isinstance(config, Config):
        _refuse((), document=document, changes=changes)
        return config
    raise InputError(*_addressed(config, document=document, changes=changes))


def _changed(value: Any, change: _Change) -> Any:
    if change.key != _MIRRORS or value is None:
        return change.value
    return {**value, **change.value} if isinstance(value, dict) else value


def _refuse(problems: Iterable[Problem], *, document: Document, changes: Iterable[_Change]) -> None:
    if texts := _addressed(problems, document=document, changes=changes):
        raise InputError(*texts)


def _addressed(problems: Iterable[Problem], *, document: Document, changes: Iterable[_Change]) -> tuple[str, ...]:
    """The document's own problems and further ones, each under the line or the setting that it comes from."""
    in_document: list[Problem] = []
    elsewhere: list[str] = []
    for problem in problems:
        if source := _source(problem.loc, changes):
            elsewhere.append(f"{source}: {problem.text}")
        else:
            in_document.append(problem)
    return (*document.report(in_document), *elsewhere)


def _source(loc: Loc, changes: Iterable[_Change]) -> str | None:
    """The setting that decided a place of the configuration; None when the file did."""
    sources = [change.source for change in changes if change.key in loc[:1] and _decides(change, loc)]
    return sources[-1] if sources else None


def _decides(change: _Change, loc: Loc) -> bool:
    return change.key != _MIRRORS or loc[1:2] == () or loc[1] in change.value


def _origins(document: Document, changes: Iterable[_Change]) -> dict[str, str]:
    return {key: _origin(key, document=document, changes=changes) for key in Config.model_fields}


def _origin(key: str, *, document: Document, changes: Iterable[_Change]) -> str:
    sources = [change.source for change in changes if change.key == key]
    in_file = [f"{document.name}:{document.line((key,))}"] if key in document.value else []
    if key == _MIRRORS:
        return ", ".join((*in_file, *sources)) or DEFAULT_ORIGIN
    return (DEFAULT_ORIGIN, *in_file, *sources)[-1]
