"""What is known of one line and variant: the values that patterns and templates may use."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.errors import InputError
from orchestrator.model.catalog import Catalog
from orchestrator.model.config import Config, Hold, SourceRule
from orchestrator.model.entries import Entry, entries
from orchestrator.model.fields import check_url, is_sha256
from orchestrator.model.variants import Variant
from orchestrator.model.versions import final_version

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,200}")


@dataclass(frozen=True, slots=True)
class Source:
    """A download of one line: where it is had, and the checksum that it must have."""

    file: str
    url: str
    sha256: str
    """Empty for the few that carry no checksum, such as a signature that the build checks by itself."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One rendered directory: a line in a variant, with everything its template may use."""

    line: str
    variant: Variant
    # Line and variant tell all of them apart; a plan of many targets hashes each a hundred times.
    base: str = field(hash=False)
    sources: tuple[Source, ...] = field(hash=False)
    values: Mapping[str, Any] = field(hash=False)
    hold: Hold | None = field(default=None, hash=False)
    """What keeps the variant at an older release than the line's."""

    @property
    def name(self) -> str:
        """How options, logs and documents call it: `3.14/slim-trixie`."""
        return f"{self.line}/{self.variant.name}"

    @property
    def version(self) -> str:
        return str(self.values["version"])


def facts(catalog: Catalog, config: Config) -> tuple[Facts, ...]:
    """All lines in all their variants, newest line first; raises InputError naming every rule that does not fit."""
    found: list[Facts] = []
    problems: list[str] = []
    for entry in entries(catalog, config.holds):
        try:
            found.append(_facts(entry, config=config))
        except ValueError as error:
            held = f", held at {entry.version}" if entry.hold else ""
            problems.append(f"{entry.line}/{entry.variant}{held}: {error}")
    if problems:
        raise InputError(*problems)
    return tuple(found)


def fill(pattern: str, values: Mapping[str, Any]) -> str:
    """Put values in the place of {placeholders}; raises ValueError that names an unknown one."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            known = ", ".join(sorted(key for key, value in values.items() if isinstance(value, str)))
            raise ValueError(f"{pattern!r}: there is no value {match[1]!r}; there are {known}")
        if not isinstance(values[match[1]], str):
            raise ValueError(f"{pattern!r}: the value {match[1]!r} is not text")
        return str(values[match[1]])

    return _PLACEHOLDER.sub(value, pattern)


def values_of(entry: Entry, config: Config) -> dict[str, Any]:
    """What patterns and templates may use of an entry; raises ValueError for a rule that does not fit."""
    values: dict[str, Any] = {
        **entry.facts,
        "final_version": final_version(entry.version),
        "group": entry.variant.group,
        "line": entry.line,
        "release": entry.variant.release,
        "variant": entry.variant.name,
    }
    for rule in config.values:
        if rule.covers(line=entry.line, variant=entry.variant):
            values.update(rule.set)
            values.update({key: _longer(key, values.get(key, ()), more) for key, more in rule.add.items()})
    return values


def _facts(entry: Entry, *, config: Config) -> Facts:
    line, variant = entry.line, entry.variant
    values = values_of(entry, config)
    base = config.base_of(variant)
    if base is None:
        raise ValueError(f"`bases` in the configuration names none for {variant.name} or {variant.group}")
    sources = tuple(_source(rule, values) for rule in config.sources if rule.covers(line=line, variant=variant))
    files = [source.file for source in sources]
    if twice := sorted({file for file in files if files.count(file) > 1}):
        raise ValueError(f"several sources are called {', '.join(twice)}; give each its own `file`")
    return Facts(line, variant, fill(base, values), sources, values, entry.hold)


def _longer(key: str, values: Any, more: tuple[str, ...]) -> tuple[Any, ...]:
    if not isinstance(values, list | tuple):
        raise ValueError(f"`add` cannot make {key!r} longer, it is not a list; use `set`")
    return (*values, *more)


def _source(rule: SourceRule, values: Mapping[str, Any]) -> Source:
    file = fill(rule.file, values)
    if not _FILE_NAME.fullmatch(file):
        raise ValueError(
            f"{file!r} is not a plain file name; it must do without slashes and start with a letter or digit"
        )
    url = check_url(fill(rule.url, values))
    return Source(file, url, _checksum(rule.sha256, values, file) if rule.sha256 else "")


def _checksum(path: str, values: Mapping[str, Any], file: str) -> str:
    value: Any = values
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(value, str):
        raise ValueError(f"there is no `{path}`, the checksum of {file}")
    if not is_sha256(value):
        raise ValueError(f"`{path}`, the checksum of {file}: {value!r} is not a sha256")
    return value
