"""Public tags: which names each line and variant is published under."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.errors import InputError
from orchestrator.model.catalog import Catalog
from orchestrator.model.config import Config
from orchestrator.model.entries import Entry, entries
from orchestrator.model.facts import Facts
from orchestrator.model.references import is_tag
from orchestrator.model.targets import Target
from orchestrator.model.variants import Variant

_NEWEST = "latest"


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of one line in one variant, in publishing order."""

    simple: tuple[str, ...]
    """Tags of this variant alone."""
    shared: tuple[str, ...]
    """Tags that stand for several variants at once, such as `3.14` for Linux and Windows."""
    exact: tuple[str, ...] = ()
    """Those of both that carry the full version: they keep what they once named, however the line goes on."""

    @property
    def all(self) -> tuple[str, ...]:
        return self.simple + self.shared


def tags(catalog: Catalog, config: Config) -> Mapping[tuple[str, Variant], Tags]:
    """Tags by line and variant, by the rules of docker-library/python's generate-stackbrew-library.sh."""
    every = entries(catalog, config.holds)
    variants: dict[str, list[Variant]] = defaultdict(list)
    for entry in every:
        variants[entry.line].append(entry.variant)
    return {(entry.line, entry.variant): _tags(entry, variants[entry.line], config=config) for entry in every}


def tag_order(tag: str) -> tuple[bool, int, str]:
    """Sort key: the most specific tag first, `latest` last, so that a crash leaves the widest tag where it was."""
    return tag == _NEWEST, -tag.count("."), tag


def check(targets: Iterable[Target], tags_of: Mapping[tuple[str, Variant], Tags]) -> None:
    """Refuse a tag that no registry takes, and one that would name two lines, or two variants for one system.

    That no arch has both does not help: one index would then join images of different sources. Raises InputError naming
    each.
    """
    owners: dict[str, dict[Facts, str]] = defaultdict(dict)
    for target in targets:
        # Several releases of Windows stand side by side under one tag; the client picks by os.version.
        release = target.facts.variant.release if target.platform.is_windows else ""
        for tag in tags_of[target.facts.line, target.facts.variant].all:
            owners[tag][target.facts] = release
    long = (tag for tag in sorted(owners) if not is_tag(tag))
    problems = [f"tag {tag}: is longer than any registry takes; shorten the version, variant or alias" for tag in long]
    problems += [
        f"tag {tag}: {' and '.join(facts.name for facts in several)} would "
        f"{'both' if len(several) == 2 else 'all'} be published under it; mend `aliases`"
        for tag, several in sorted(owners.items())
        if _clash(several)
    ]
    if problems:
        raise InputError(*problems)


def _clash(several: Mapping[Facts, str]) -> bool:
    """Whether variants of these releases of Windows, empty for Linux, cannot stand under one tag."""
    return len(set(several.values())) < len(several) or len({facts.line for facts in several}) > 1


def _tags(entry: Entry, variants: Iterable[Variant], *, config: Config) -> Tags:
    words = tuple(dict.fromkeys((entry.version, entry.line, *config.aliases.get(entry.line, ()))))
    simple, shared = _simple(words, entry.variant, variants), _shared(words, entry.variant, variants)
    only = (entry.version,)
    exact = _simple(only, entry.variant, variants) + _shared(only, entry.variant, variants)
    return Tags(simple, shared, exact)


def _simple(words: Iterable[str], variant: Variant, variants: Iterable[Variant]) -> tuple[str, ...]:
    debian = _first(variants, "debian")
    own = _joined(words, variant.name)
    if variant.group == "slim" and debian is not None and variant.name == f"slim-{debian.name}":
        return own + _joined(words, "slim")
    return own + _joined(words, "alpine") if variant == _first(variants, "alpine") else own


def _shared(words: tuple[str, ...], variant: Variant, variants: Iterable[Variant]) -> tuple[str, ...]:
    if variant.group == "windowsservercore":
        return _joined(words, "windowsservercore") + words
    return words if variant == _first(variants, "debian") else ()


def _first(variants: Iterable[Variant], group: str) -> Variant | None:
    return next((variant for variant in variants if variant.group == group), None)


def _joined(words: Iterable[str], suffix: str) -> tuple[str, ...]:
    return tuple(suffix if word == _NEWEST else f"{word}-{suffix}" for word in words)
