"""Which releases a line may take, what upstream must publish with them, and what versions.json then says of it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.model.catalog import Line
from orchestrator.model.config import Config
from orchestrator.model.entries import Entry
from orchestrator.model.facts import fill, values_of
from orchestrator.model.fields import check_url
from orchestrator.model.variants import Variant
from orchestrator.model.versions import final_version, is_of_line, release_order

_CHECKSUMS = "checksums"


@dataclass(frozen=True, slots=True)
class Document:
    """A document of upstream that announces a checksum."""

    format: str
    url: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that upstream publishes with a release."""

    name: str
    """Its entry in `checksums` of versions.json."""
    file: str
    url: str
    documents: tuple[Document, ...]
    """Where its checksum may be announced, in the order to ask."""


@dataclass(frozen=True, slots=True)
class FactText:
    """A text of upstream that names a fact."""

    key: str
    """Where versions.json keeps it, such as `setuptools.version`."""
    url: str
    entry: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A release, and what of upstream the variants of a line need of it."""

    version: str
    needs: Mapping[Variant, tuple[Artifact, ...]]
    """By variant in publishing order, the optional ones last."""
    optional: frozenset[Variant]
    facts: tuple[FactText, ...]

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        return tuple(dict.fromkeys(artifact for several in self.needs.values() for artifact in several))

    def missing(self, there: Collection[Artifact]) -> tuple[str, ...]:
        """The files without which a line cannot have the release, given those that are there."""
        return self._absent(there, (variant for variant in self.needs if variant not in self.optional))

    def late(self, there: Collection[Artifact]) -> tuple[str, ...]:
        """The files without which optional variants cannot have it."""
        return self._absent(there, self.optional)

    def variants(self, there: Collection[Artifact]) -> tuple[Variant, ...]:
        """The variants that can have it; an optional one that needs nothing is not known to be offered at all."""
        return tuple(
            variant
            for variant, several in self.needs.items()
            if all(each in there for each in several) and (several or variant not in self.optional)
        )

    def _absent(self, there: Collection[Artifact], variants: Iterable[Variant]) -> tuple[str, ...]:
        files = (each.file for variant in variants for each in self.needs[variant] if each not in there)
        return tuple(sorted(set(files)))


def candidates(versions: Iterable[str], line: str) -> tuple[str, ...]:
    """The releases among these that a line takes, the newest first.

    A line like 3.15-rc takes pre-releases and finals, any other finals alone.
    """
    takes_all = "-" in line
    found = {each for each in versions if is_of_line(each, line) and (takes_all or final_version(each) == each)}
    return tuple(sorted(found, key=lambda each: (release_order(each), each), reverse=True))


def is_newer(version: str, than: str) -> bool:
    return release_order(version) > release_order(than)


def offer(name: str, line: Line, version: str, config: Config) -> Offer:
    """What a line needs of a release; raises ValueError where a pattern of the configuration cannot be filled.

    The variants are the line's own and the optional ones.
    """
    optional = config.upstream.optional
    variants = (*(variant for variant in line.variants if variant not in optional), *optional)
    values = {variant: _values(name, variant, line, version, config) for variant in variants}
    return Offer(
        version,
        {variant: tuple(_artifacts(name, variant, values[variant], config)) for variant in variants},
        frozenset(optional),
        tuple(_facts(name, values[variants[0]], config)),
    )


def with_late(
    variants: Sequence[Variant], available: Collection[Variant], *, optional: Sequence[Variant]
) -> tuple[Variant, ...]:
    """The variants of a line with the optional ones that can be had by now; those that it has stay."""
    if all(variant in variants for variant in optional if variant in available):
        return tuple(variants)
    wanted = {*variants, *available}
    return (
        *(variant for variant in variants if variant not in optional),
        *(variant for variant in optional if variant in wanted),
    )


def changed(
    old: Mapping[str, Any],
    *,
    version: str,
    variants: Iterable[Variant],
    checksums: Mapping[str, str],
    managed: Collection[str],
    facts: Mapping[str, str],
) -> dict[str, Any]:
    """What versions.json says of a line at a release; what is not told here stays as it was.

    `checksums` has a sha256 by the name of each download; of the `managed` names no others stay. `facts` has texts by
    paths such as `setuptools.version`.
    """
    new = {**old, "version": version, "variants": [variant.path for variant in variants]}
    kept = {name: value for name, value in old.get(_CHECKSUMS, {}).items() if name not in managed}
    if kept or checksums:
        new[_CHECKSUMS] = {**kept, **{name: {"sha256": sha256} for name, sha256 in checksums.items()}}
    for path, text in facts.items():
        outer, _, inner = path.partition(".")
        new[outer] = {**_mapping(new.get(outer)), inner: text} if inner else text
    return new


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _values(name: str, variant: Variant, line: Line, version: str, config: Config) -> dict[str, Any]:
    return values_of(Entry(name, variant, {**line.facts, "version": version}, None), config)


def _artifacts(name: str, variant: Variant, values: Mapping[str, Any], config: Config) -> Iterator[Artifact]:
    """The downloads of a variant whose checksums versions.json keeps."""
    for rule in config.sources:
        match rule.sha256.split("."):
            case [first, key, "sha256"] if first == _CHECKSUMS and rule.covers(line=name, variant=variant):
                file, url = fill(rule.file, values), check_url(fill(rule.url, values))
                known = {**values, "file": file, "url": url}
                documents = (
                    Document(document.format, check_url(fill(document.url, known)))
                    for document in config.upstream.checksums
                )
                yield Artifact(key, file, url, tuple(documents))


def _facts(name: str, values: Mapping[str, Any], config: Config) -> Iterator[FactText]:
    for rule in config.upstream.facts:
        if rule.version is None or name in rule.version:
            yield FactText(rule.key, check_url(fill(rule.url, values)), rule.entry)
