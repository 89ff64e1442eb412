"""Whether orchestrator.yaml fits versions.json: rules that name nothing, and names that collide."""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import combinations

from orchestrator.model.catalog import Catalog
from orchestrator.model.config import Config, Departure, Hold, Scope
from orchestrator.model.entries import entries
from orchestrator.model.fields import DEFAULT_BUILDER
from orchestrator.model.platforms import ARCHES
from orchestrator.model.problems import Loc, Problem, nearest
from orchestrator.model.variants import GROUPS, Variant
from orchestrator.model.versions import is_of_line, release_order

_Entry = tuple[str, Variant]


def problems(config: Config, catalog: Catalog) -> tuple[Problem, ...]:
    """Every place of the configuration that does not fit the catalog.

    A rule that takes nothing is a typo, or was left behind by a line or variant that is gone. Groups of variants may
    be empty: a catalog without Windows leaves the rules for Windows as they are.
    """
    every = [(entry.line, entry.variant) for entry in entries(catalog, config.holds)]
    return (
        *_aliases(config, catalog),
        *_selectors(config, every),
        *_scopes(config, every),
        *_exclusions(config, every),
        *_holds(config.holds, catalog),
        *_builders(config, every),
        *_namespaces(config),
    )


def expired(config: Config, *, today: dt.date) -> tuple[Problem, ...]:
    """Every exclusion and hold whose last day is past: somebody meant to look at it again by then."""
    departures: dict[str, tuple[str, tuple[Departure, ...]]] = {
        "exclude": ("exclusion", config.exclude),
        "holds": ("hold", config.holds),
    }
    return tuple(
        Problem(
            (key, position, "until"),
            f"the {name} ended on {rule.until} ({rule.reason}); delete it, or give it a later day",
        )
        for key, (name, rules) in departures.items()
        for position, rule in enumerate(rules)
        if rule.is_past(today)
    )


def _aliases(config: Config, catalog: Catalog) -> Iterator[Problem]:
    every = entries(catalog, config.holds)
    own_words = ((word, each.line) for each in every for word in (each.line, each.version))
    taken = {word.lower(): f"{word} is a tag of the line {line}" for word, line in own_words}
    variants = {each.variant for each in every}
    taken.update({word: f"{word} is a variant" for each in variants for word in (each.name, each.group)})
    for line, tags in config.aliases.items():
        if line not in catalog.root:
            yield Problem(("aliases", line), f"versions.json has no line {line}; {nearest(line, catalog.root)}")
        for position, tag in enumerate(tags):
            if reason := taken.get(tag.lower()):
                yield Problem(("aliases", line, position), f"{tag!r} cannot be an alias: {reason}")
            taken[tag.lower()] = f"{tag} is an alias of the line {line}"


def _selectors(config: Config, entries: Sequence[_Entry]) -> Iterator[Problem]:
    """Selectors that are neither a group nor take a variant."""
    found = [(("bases", selector), selector) for selector in config.bases]
    found += [(("architectures", selector), selector) for selector in config.architectures]
    for loc, selector in (*found, *_scope_selectors(config)):
        if selector not in GROUPS and not any(_taken(Scope(variant=(selector,)), entries)):
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
        if scope.version is None or any(_taken(scope, entries)):
            continue
        if lines := ", ".join(dict.fromkeys(line for line, _ in _taken(Scope(variant=scope.variant), entries))):
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


def _holds(holds: Sequence[Hold], catalog: Catalog) -> Iterator[Problem]:
    """Holds of lines that there are not, at releases that are not older ones, and two holds of one variant."""
    holders: dict[_Entry, int] = {}
    for position, hold in enumerate(holds):
        if hold.line not in catalog.root:
            text = f"versions.json has no line {hold.line}; {nearest(hold.line, catalog.root)}"
            yield Problem(("holds", position, "line"), text)
        elif reason := _not_older(hold, catalog):
            yield Problem(("holds", position, "facts", "version"), reason)
        for place, variant in enumerate(hold.variants):
            loc = ("holds", position, "variants", place)
            holder = holders.setdefault((hold.line, variant), position)
            if holder != position:
                yield Problem(loc, f"{variant} of the line {hold.line} is held by holds/{holder} already; keep one")
            elif spelled := _otherwise_spelled(variant, catalog):
                yield Problem(loc, f"versions.json calls the variant `{spelled}`; write it like that")


def _not_older(hold: Hold, catalog: Catalog) -> str:
    """Why a line cannot be held at this release; empty where it can."""
    version, newest = hold.facts.version, catalog[hold.line].version
    if not is_of_line(version, hold.line):
        return f"{version!r} is not a release of the line {hold.line}"
    if release_order(version) >= release_order(newest):
        return f"{version} is not older than {newest}, which versions.json has for the line; delete the hold"
    return ""


def _otherwise_spelled(variant: Variant, catalog: Catalog) -> str:
    """What the catalog calls the variant of this name; empty where it calls it the same, or has none."""
    paths = {known.path for _, line in catalog.lines for known in line.variants if known.name == variant.name}
    return "" if variant.path in paths else min(paths, default="")


def _builders(config: Config, entries: Sequence[_Entry]) -> Iterator[Problem]:
    """Builders of neither an arch nor a variant: a misspelled arch could be the name of a variant."""
    known = {DEFAULT_BUILDER, *ARCHES, *GROUPS}
    for key in config.builders:
        if key not in known and not any(_taken(Scope(variant=(key,)), entries)):
            names = {*known, *(variant.name for _, variant in entries)}
            yield Problem(
                ("builders", key), f"{key!r} is neither an arch nor a variant in versions.json; {nearest(key, names)}"
            )


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


def _taken(scope: Scope, entries: Sequence[_Entry]) -> Iterator[_Entry]:
    return (entry for entry in entries if scope.covers(line=entry[0], variant=entry[1]))
