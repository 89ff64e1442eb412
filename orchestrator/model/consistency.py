"""Whether orchestrator.yaml fits versions.json: rules that name nothing, and names that collide."""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import combinations

from orchestrator.model.catalog import Catalog
from orchestrator.model.config import Config, Scope
from orchestrator.model.platforms import ARCHES
from orchestrator.model.problems import Loc, Problem, nearest
from orchestrator.model.variants import GROUPS, Variant

_Entry = tuple[str, Variant]


def problems(config: Config, catalog: Catalog) -> tuple[Problem, ...]:
    """Every place of the configuration that does not fit the catalog.

    A rule that takes nothing is a typo, or was left behind by a line or variant that is gone. Groups of variants may
    be empty: a catalog without Windows leaves the rules for Windows as they are.
    """
    entries = [(line, variant) for line, entry in catalog.lines for variant in entry.variants]
    return (
        *_aliases(config, catalog),
        *_selectors(config, entries),
        *_scopes(config, entries),
        *_exclusions(config, entries),
        *_namespaces(config),
    )


def expired(config: Config, *, today: dt.date) -> tuple[Problem, ...]:
    """Every exclusion whose last day is past: somebody meant to look at it again by then."""
    return tuple(
        Problem(
            ("exclude", position, "until"),
            f"the exclusion ended on {rule.until} ({rule.reason}); delete it, or give it a later day",
        )
        for position, rule in enumerate(config.exclude)
        if rule.is_past(today)
    )


def _aliases(config: Config, catalog: Catalog) -> Iterator[Problem]:
    taken = {word.lower(): f"{word} is a tag of the line {line}" for line, word in _own_words(catalog)}
    taken.update({word: f"{word} is a variant" for word in _variant_words(catalog)})
    for line, tags in config.aliases.items():
        if line not in catalog.root:
            yield Problem(("aliases", line), f"versions.json has no line {line}; {nearest(line, catalog.root)}")
        for position, tag in enumerate(tags):
            if reason := taken.get(tag.lower()):
                yield Problem(("aliases", line, position), f"{tag!r} cannot be an alias: {reason}")
            taken[tag.lower()] = f"{tag} is an alias of the line {line}"


def _own_words(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for line, entry in catalog.lines:
        yield line, line
        yield line, entry.version


def _variant_words(catalog: Catalog) -> set[str]:
    return {word for _, entry in catalog.lines for variant in entry.variants for word in (variant.name, variant.group)}


def _selectors(config: Config, entries: Sequence[_Entry]) -> Iterator[Problem]:
    """Selectors that are neither a group nor take a variant."""
    found = [(("bases", selector), selector) for selector in config.bases]
    found += [(("architectures", selector), selector) for selector in config.architectures]
    for loc, selector in (*found, *_scope_selectors(config)):
        if selector not in GROUPS and not _taken(Scope(variant=(selector,)), entries):
            known = {*GROUPS, *(variant.name for _, variant in entries)}
            yield Problem(loc, f"no variant in versions.json is taken by {selector!r}; {nearest(selector, known)}")


def _scope_selectors(config: Config) -> Iterator[tuple[Loc, str]]:
    for loc, scope in _all_scopes(config):
        for selector in scope.variant:
            yield (*loc, "variant"), selector


def _all_scopes(config: Config) -> Iterator[tuple[Loc, Scope]]:
    for key in ("exclude", "values", "sources", "tests"):
        for position, scope in enumerate(getattr(config, key)):
            yield (key, position), scope


def _scopes(config: Config, entries: Sequence[_Entry]) -> Iterator[Problem]:
    """Scopes whose variants exist, and whose lines exist, but not together."""
    for loc, scope in _all_scopes(config):
        by_variant = _taken(Scope(variant=scope.variant), entries)
        if by_variant and scope.version is not None and not _taken(scope, entries):
            lines = ", ".join(dict.fromkeys(line for line, _ in by_variant))
            yield Problem(
                (*loc, "version"), f"no line in versions.json is taken by `{scope.version}`; the rule's are {lines}"
            )


def _exclusions(config: Config, entries: Sequence[_Entry]) -> Iterator[Problem]:
    """Exclusions of arches that nothing they take is built for."""
    for position, rule in enumerate(config.exclude):
        built = [config.architectures_of(variant) for _, variant in _taken(rule, entries)]
        known = {arch for arches in built for arch in arches or ARCHES}
        for arch in rule.arch:
            if built and arch not in known:
                yield Problem(("exclude", position, "arch"), f"nothing that the rule takes is built for {arch} anyway")


def _namespaces(config: Config) -> Iterator[Problem]:
    """Repositories that two arches, or one arch and the joined tags, would fight over."""
    of_arch = {arch: config.arch_namespaces.get(arch, value.namespace) for arch, value in ARCHES.items()}
    for arch, namespace in of_arch.items():
        if namespace == config.namespace:
            loc = ("arch_namespaces", arch) if arch in config.arch_namespaces else ("namespace",)
            yield Problem(loc, f"the tags of {arch} and the tags that join all arches would both go to {namespace!r}")
    for (one, first), (other, second) in combinations(of_arch.items(), 2):
        if first == second:
            yield Problem(("arch_namespaces", other), f"{second!r} is the namespace of {one} already")


def _taken(scope: Scope, entries: Sequence[_Entry]) -> list[_Entry]:
    return [(line, variant) for line, variant in entries if scope.covers(line=line, variant=variant)]
