"""Public tags: which names each line and variant is published under."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.errors import InputError
from orchestrator.model.catalog import Catalog, Line
from orchestrator.model.config import Config
from orchestrator.model.facts import Facts
from orchestrator.model.targets import Target
from orchestrator.model.variants import Variant

_NEWEST = "latest"
_WINDOWS = "windows"


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of one line in one variant, in publishing order."""

    simple: tuple[str, ...]
    """Tags of this variant alone."""
    shared: tuple[str, ...]
    """Tags that stand for several variants at once, such as `3.14` for Linux and Windows."""

    @property
    def all(self) -> tuple[str, ...]:
        return self.simple + self.shared


def tags(catalog: Catalog, config: Config) -> Mapping[tuple[str, Variant], Tags]:
    """Tags by line and variant, by the rules of docker-library/python's generate-stackbrew-library.sh."""
    return {
        (name, variant): _tags(name, line, variant, config=config)
        for name, line in catalog.lines
        for variant in line.variants
    }


def tag_order(tag: str) -> tuple[bool, int, str]:
    """Sort key: the most specific tag first, `latest` last, so that a crash leaves the widest tag where it was."""
    return tag == _NEWEST, -tag.count("."), tag


def check(targets: Iterable[Target], tags_of: Mapping[tuple[str, Variant], Tags]) -> None:
    """Refuse a tag that would name two different images on one arch; raises InputError naming each."""
    owners: dict[tuple[str, str, str], list[Facts]] = defaultdict(list)
    for target in targets:
        # Several releases of Windows stand side by side under one tag; the client picks by os.version.
        release = target.facts.variant.release if target.platform.os == _WINDOWS else ""
        for tag in tags_of[target.facts.line, target.facts.variant].all:
            owners[tag, target.arch, release].append(target.facts)
    problems = dict.fromkeys(
        f"tag {tag}: {' and '.join(facts.name for facts in several)} would both be published under it; mend `aliases`"
        for (tag, _, _), several in sorted(owners.items(), key=lambda item: item[0])
        if len(several) > 1
    )
    if problems:
        raise InputError(*problems)


def _tags(name: str, line: Line, variant: Variant, *, config: Config) -> Tags:
    words = tuple(dict.fromkeys((line.version, name, *config.aliases.get(name, ()))))
    debian = _first(line.variants, "debian")
    simple = _joined(words, variant.name)
    if variant.group == "slim" and debian is not None and variant.name == f"slim-{debian.name}":
        simple += _joined(words, "slim")
    elif variant == _first(line.variants, "alpine"):
        simple += _joined(words, "alpine")
    if variant.group == "windowsservercore":
        return Tags(simple, _joined(words, "windowsservercore") + words)
    return Tags(simple, words if variant == debian else ())


def _first(variants: Iterable[Variant], group: str) -> Variant | None:
    return next((variant for variant in variants if variant.group == group), None)


def _joined(words: Iterable[str], suffix: str) -> tuple[str, ...]:
    return tuple(suffix if word == _NEWEST else f"{word}-{suffix}" for word in words)
