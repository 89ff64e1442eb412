"""What is known of one line and variant: the values that patterns and templates may use."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import InputError
from orchestrator.model.catalog import Catalog, Line
from orchestrator.model.config import Config, SourceRule
from orchestrator.model.variants import Variant
from orchestrator.model.versions import final_version

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


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
    base: str
    sources: tuple[Source, ...]
    values: Mapping[str, Any]

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
    for line, entry in catalog.lines:
        for variant in entry.variants:
            try:
                found.append(_facts(line, entry, variant, config=config))
            except ValueError as error:
                problems.append(f"{line}/{variant}: {error}")
    if problems:
        raise InputError(*problems)
    return tuple(found)


def fill(pattern: str, values: Mapping[str, Any]) -> str:
    """Put values in the place of {placeholders}; raises ValueError that names an unknown one."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            known = ", ".join(sorted(key for key, value in values.items() if isinstance(value, str)))
            raise ValueError(f"{pattern!r}: there is no value {match[1]!r}; there are {known}")
        return str(values[match[1]])

    return _PLACEHOLDER.sub(value, pattern)


def _facts(line: str, entry: Line, variant: Variant, *, config: Config) -> Facts:
    values: dict[str, Any] = {
        **entry.facts,
        "final_version": final_version(entry.version),
        "group": variant.group,
        "line": line,
        "release": variant.release,
        "variant": variant.name,
    }
    for rule in config.values:
        if rule.covers(line=line, variant=variant):
            values.update(rule.set)
            values.update({key: (*values.get(key, ()), *more) for key, more in rule.add.items()})
    base = config.base_of(variant)
    if base is None:
        raise ValueError(f"`bases` in the configuration names none for {variant.name} or {variant.group}")
    sources = tuple(_source(rule, values) for rule in config.sources if rule.covers(line=line, variant=variant))
    return Facts(line, variant, fill(base, values), sources, values)


def _source(rule: SourceRule, values: Mapping[str, Any]) -> Source:
    file = fill(rule.file, values)
    return Source(file, fill(rule.url, values), _checksum(rule.sha256, values, file) if rule.sha256 else "")


def _checksum(path: str, values: Mapping[str, Any], file: str) -> str:
    value: Any = values
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(value, str):
        raise ValueError(f"versions.json has no `{path}`, the checksum of {file}")  # noqa: TRY004 - an input is wrong
    return value
