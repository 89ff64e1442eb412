"""Parents: the targets of a matrix that other targets of it stand on, and the order that follows."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from orchestrator.errors import InputError
from orchestrator.model.config import Config, Exclusion
from orchestrator.model.facts import Facts
from orchestrator.model.plan.needs import in_order
from orchestrator.model.references import DOCKER_HUB, LOCAL, Reference, Repository
from orchestrator.model.tags import Tags
from orchestrator.model.targets import Matrix, Target
from orchestrator.model.variants import Variant

_Name = TypeVar("_Name", Target, str)

Excluded = Iterable[tuple[Target, Exclusion]]
"""The targets that are not built, each with the rule that says so."""

Images = Callable[[Facts], Iterable[Reference]]
"""The images outside a rendered Dockerfile that it stands on or takes files from."""


@dataclass(frozen=True, slots=True)
class PublicNames:
    """What Dockerfiles may call the image's own targets by."""

    repositories: frozenset[Repository]
    owners: Mapping[str, tuple[Facts, ...]]
    """What is published under each tag."""

    @classmethod
    def of(cls, config: Config, all_facts: Iterable[Facts], tags_of: Mapping[tuple[str, Variant], Tags]) -> Self:
        """The public tags in the configured registry, and as Docker Hub spells them: `python:3.14-slim`.

        The embedded registry has no name of its own: its address differs from machine to machine.
        """
        path = f"{config.namespace}/{config.image}"
        registries = {DOCKER_HUB, config.registry} - {LOCAL}
        owners: dict[str, list[Facts]] = defaultdict(list)
        for facts in all_facts:
            for tag in tags_of[facts.line, facts.variant].all:
                owners[tag].append(facts)
        return cls(
            frozenset(Repository(registry, path) for registry in registries),
            {tag: tuple(several) for tag, several in owners.items()},
        )

    def published(self, image: Reference, *, to: Facts) -> tuple[Facts, ...]:
        """What a Dockerfile means by an image: those of its own operating system.

        None for an image from elsewhere, which one is, too, that is pinned to a digest.
        """
        if image.digest or image.repository not in self.repositories:
            return ()
        return tuple(each for each in self.owners.get(image.tag, ()) if each.variant.os == to.variant.os)


@dataclass(frozen=True, slots=True)
class Lineage:
    """Targets and everything in their matrix that they stand on."""

    targets: tuple[Target, ...]
    """Parents first, otherwise in the matrix's order."""
    selected: frozenset[Target]
    """Those that were asked for; the others are there for their sake."""
    parents: Mapping[Target, Mapping[Reference, Target]]
    """The parents of each target that has any, by what its Dockerfile calls them."""

    def parents_of(self, target: Target) -> Mapping[Reference, Target]:
        return self.parents.get(target, {})


def lineage(targets: Iterable[Target], *, matrix: Matrix, names: PublicNames, images: Images) -> Lineage:
    """The targets with their parents, those of the parents, and so on.

    A parent is the target that is published under the name in the Dockerfile, on the same arch. Raises one InputError
    that names every parent that is not built for an arch, or a cycle.
    """
    selected = tuple(targets)
    built = frozenset(matrix.targets)
    found: dict[Target, Mapping[Reference, Target]] = {}
    problems: list[str] = []
    waiting = list(reversed(selected))
    while waiting:
        target = waiting.pop()
        if target in found:
            continue
        found[target] = {}
        try:
            named = {image: names.published(image, to=target.facts) for image in images(target.facts)}
            found[target] = _parents(target.arch, named, built=built, excluded=matrix.excluded)
        except ValueError as error:
            problems.append(f"{target}: {error}")
        waiting += found[target].values()
    if problems:
        raise InputError(*problems)
    ordered = _parents_first({target: parents.values() for target, parents in found.items()}, matrix.targets)
    return Lineage(ordered, frozenset(selected), {target: parents for target, parents in found.items() if parents})


def base_arches(
    all_facts: Iterable[Facts], config: Config, names: PublicNames, *, asked: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """The arches of open variants by their base: those that were `asked`, and of a parent those that it is built for.

    A base of which this cannot be told is left out. Raises InputError for a cycle.
    """
    by_name = {facts.name: facts for facts in all_facts}
    parents = {
        name: names.published(base_of(facts), to=facts)
        for name, facts in by_name.items()
        if config.architectures_of(facts.variant) is None
    }
    needs = {name: [each.name for each in several] for name, several in parents.items()}
    found = dict(asked)
    for name in _parents_first(needs, list(by_name)):
        mine = parents.get(name, ())
        if mine and all(each.name not in parents or each.base in found for each in mine):
            base, targets = by_name[name].base, Matrix.of(mine, config, base_arches=found).targets
            found[base] = tuple(dict.fromkeys((*found.get(base, ()), *(target.arch for target in targets))))
    return found


def base_of(facts: Facts) -> Reference:
    """The base image that the configuration names; raises InputError for a name that is none."""
    try:
        return Reference.parse(facts.base)
    except ValueError as error:
        raise InputError(f"`bases` in orchestrator.yaml: {facts.name}: {error}") from error


def _parents_first(needs: Mapping[_Name, Collection[_Name]], order: Sequence[_Name]) -> tuple[_Name, ...]:
    try:
        return in_order(needs, order)
    except ValueError as error:
        raise InputError(
            f"a target cannot be its own parent: {error}; "
            "let one of them stand on an image from elsewhere, or on a published one by its digest"
        ) from error


def _parents(
    arch: str, named: Mapping[Reference, Sequence[Facts]], *, built: Collection[Target], excluded: Excluded
) -> dict[Reference, Target]:
    """What images stand for on an arch, where they are published here; raises ValueError."""
    return {
        image: _on_arch(arch, image, owners=owners, built=built, excluded=excluded)
        for image, owners in named.items()
        if owners
    }


def _on_arch(
    arch: str, image: Reference, *, owners: Sequence[Facts], built: Collection[Target], excluded: Excluded
) -> Target:
    found = [target for facts in owners if (target := Target(facts, arch)) in built]
    if len(found) == 1:
        return found[0]
    called = ", ".join(facts.name for facts in owners)
    if found:
        raise ValueError(f"its parent {image.short} is several on {arch}: {called}; name one of them by its own tag")
    rules = sorted({rule.reason for target, rule in excluded if target.arch == arch and target.facts in owners})
    because = f" (excluded: {'; '.join(rules)})" if rules else ""
    raise ValueError(
        f"its parent {image.short}, which is {called}, is not built for {arch}{because}; "
        "build it there as well, or take this one out by `architectures` or `exclude` in orchestrator.yaml"
    )
