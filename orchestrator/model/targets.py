"""Targets: a line in a variant on an arch; which there are, and which the options select."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from orchestrator.errors import NothingSelectedError
from orchestrator.model.config import Config, Exclusion
from orchestrator.model.facts import Facts
from orchestrator.model.platforms import ARCHES, Platform
from orchestrator.model.variants import GROUPS

ALL = "all"
NATIVE = "native"


@dataclass(frozen=True, slots=True)
class Target:
    """One build's place in the matrix."""

    facts: Facts
    arch: str

    def __str__(self) -> str:
        return f"{self.facts.name}@{self.arch}"

    @property
    def platform(self) -> Platform:
        return ARCHES[self.arch].platform


@dataclass(frozen=True, slots=True)
class Selection:
    """What the options ask for; an empty part takes everything."""

    names: tuple[str, ...] = ()
    """Targets by name, with or without an arch."""
    versions: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    arches: tuple[str, ...] = ()
    """Arch names or `all`; `native` has been replaced by then."""
    is_default: bool = field(default=False, compare=False, repr=False)
    """Whether nothing was asked for, so that it is the verb that chose."""

    def takes(self, target: Target) -> bool:
        facts = target.facts
        return (
            (not self.names or facts.name in self.names or str(target) in self.names)
            and (not self.versions or facts.line in self.versions or facts.version in self.versions)
            and (not self.variants or any(facts.variant.matches(variant) for variant in self.variants))
            and (not self.arches or ALL in self.arches or target.arch in self.arches)
        )

    def __str__(self) -> str:
        parts = (
            *self.names,
            *(f"--version {version}" for version in self.versions),
            *(f"--variant {variant}" for variant in self.variants),
            *(f"--arch {arch}" for arch in self.arches),
        )
        return " ".join(parts) or "everything"


@dataclass(frozen=True, slots=True)
class Matrix:
    """All cells of line x variant x arch: those that are built, and those that a rule excludes."""

    targets: tuple[Target, ...]
    excluded: tuple[tuple[Target, Exclusion], ...]

    @classmethod
    def of(cls, all_facts: Iterable[Facts], config: Config, *, base_arches: Mapping[str, tuple[str, ...]]) -> Self:
        """Cross facts with arches; `base_arches` has, by base, those of variants that the configuration leaves open.

        Of a base for several operating systems those of the variant's own one count.
        """
        targets: list[Target] = []
        excluded: list[tuple[Target, Exclusion]] = []
        for facts in all_facts:
            arches = config.architectures_of(facts.variant)
            if arches is None:
                arches = tuple(name for name in base_arches[facts.base] if ARCHES[name].platform.os == facts.variant.os)
            for arch in sorted(arches, key=list(ARCHES).index):
                target = Target(facts, arch)
                rule = _excluding(target, config.exclude)
                if rule is None:
                    targets.append(target)
                else:
                    excluded.append((target, rule))
        return cls(tuple(targets), tuple(excluded))

    def select(self, selection: Selection) -> tuple[Target, ...]:
        """The targets asked for, in the matrix's order; raises NothingSelectedError that names what comes nearest.

        Every name must be there and take something. Of an option that repeats each word must be known, or it could be a
        typo, but it need not match.
        """
        selected = tuple(target for target in self.targets if selection.takes(target))
        idle = [name for name in selection.names if not any(_named(name, target) for target in selected)]
        problems = [self._without(replace(selection, names=(name,))) for name in idle]
        if not (selected or idle):
            problems = [self._unmatched(selection)]
        if problems := problems or self._typos(selection):
            raise NothingSelectedError(*problems)
        return selected

    def _without(self, selection: Selection) -> str:
        """Why one name selects nothing: there is no such target, or the options beside it leave it out."""
        (name,) = selection.names
        if any(_named(name, target) for target in self._all):
            return self._unmatched(selection)
        known = {str(target) if "@" in name else target.facts.name for target in self.targets}
        return f"no target {name!r}{_suggestion(name, known) or self._option(name)}"

    def _option(self, word: str) -> str:
        """What to write where a target's name is expected and only a part of one was given."""
        parts = {"version": self._version_words(), "variant": self._variant_words()}
        options = (f"; did you mean --{kind} {word}?" for kind, known in parts.items() if word in known)
        return next(options, "; `orchestrator list` shows the targets")

    def _unmatched(self, selection: Selection) -> str:
        rules = {rule.reason for target, rule in self.excluded if selection.takes(target)}
        because = f" (excluded: {'; '.join(sorted(rules))})" if rules else ""
        hints = "".join(f"; {hint}" for hint in self._strangers(selection).values())
        return f"nothing is selected by {selection}{hints}{because}; `orchestrator list` shows the targets"

    def _typos(self, selection: Selection) -> list[str]:
        """What to say of each word that is none; a group and an arch are words though the image does without them."""
        return [hint for word, hint in self._strangers(selection).items() if word not in {*GROUPS, *ARCHES}]

    def _strangers(self, selection: Selection) -> dict[str, str]:
        """The words of options that nothing here is called by, each with what comes nearest."""
        words = (
            *(("version", word, self._version_words()) for word in selection.versions),
            *(("variant", word, self._variant_words()) for word in selection.variants),
            *(("arch", word, {target.arch for target in self._all}) for word in selection.arches if word != ALL),
        )
        return {
            word: f"no {kind} {word!r}{_suggestion(word, known)}" for kind, word, known in words if word not in known
        }

    @property
    def _all(self) -> tuple[Target, ...]:
        return (*self.targets, *(target for target, _ in self.excluded))

    def _version_words(self) -> set[str]:
        return {word for target in self._all for word in (target.facts.line, target.facts.version)}

    def _variant_words(self) -> set[str]:
        variants = {target.facts.variant for target in self._all}
        return {word for variant in variants for word in (variant.path, variant.name, variant.group)}


def _named(name: str, target: Target) -> bool:
    return name in (target.facts.name, str(target))


def _excluding(target: Target, rules: Iterable[Exclusion]) -> Exclusion | None:
    return next((rule for rule in rules if _excludes(rule, target)), None)


def _excludes(rule: Exclusion, target: Target) -> bool:
    on_arch = not rule.arch or target.arch in rule.arch
    return on_arch and rule.covers(line=target.facts.line, variant=target.facts.variant)


def _suggestion(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), n=3, cutoff=0.6)
    return f": did you mean {', '.join(near)}?" if near else ""
