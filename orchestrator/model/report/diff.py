"""What differs between two images: platforms, layers, settings and packages."""

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import zip_longest
from operator import attrgetter

from orchestrator.model.platforms import Platform
from orchestrator.model.report import ImageReport, Layer, Report
from orchestrator.model.report.config import Settings
from orchestrator.model.report.instructions import instruction
from orchestrator.model.report.package_versions import Course, course
from orchestrator.model.report.packages import Package, versions


@dataclass(frozen=True, slots=True)
class Change:
    """One name and what stood under it before and after; None where there was nothing."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class MadeLayer:
    """A layer with the instruction that made it; empty where the history does not tell."""

    layer: Layer
    instruction: str

    @property
    def digest(self) -> str:
        return self.layer.descriptor.digest

    @property
    def size(self) -> int:
        return self.layer.descriptor.size


@dataclass(frozen=True, slots=True)
class LayerChange:
    """What stands in one place of the stack; None where an image has nothing there."""

    before: MadeLayer | None
    after: MadeLayer | None

    @property
    def is_kept(self) -> bool:
        return self.before is not None and self.after is not None and self.before.digest == self.after.digest


class Origin(StrEnum):
    """What says which packages are in an image."""

    SBOM = "SBOM"
    DATABASES = "package databases"


@dataclass(frozen=True, slots=True)
class Inventory:
    """The packages of an image as far as they could be found out."""

    origin: Origin
    packages: frozenset[Package] = frozenset()
    problem: str = ""
    """Why they could not."""


@dataclass(frozen=True, slots=True)
class PackageChange:
    """What became of one package; None where it is not there. Several versions are joined by commas."""

    kind: str
    name: str
    before: str | None
    after: str | None

    @property
    def course(self) -> Course:
        return course(self.kind, self.before, self.after)


@dataclass(frozen=True, slots=True)
class PackageChanges:
    """What became of the packages of a platform, or why nobody can say."""

    origin: Origin
    changes: tuple[PackageChange, ...] = ()
    kept: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """The images of one platform; None where one of the two has none."""

    before: ImageReport | None
    after: ImageReport | None

    @property
    def platform(self) -> str:
        image = self.after or self.before
        return image.platform if image else ""

    def is_for(self, platforms: Container[Platform]) -> bool:
        """Whether one of the two is for one of these platforms, whose variants are spelled out."""
        found = (image.descriptor.platform for image in (self.before, self.after) if image)
        return any(platform.normal in platforms for platform in found if platform)

    @property
    def is_same(self) -> bool:
        """Whether it is the very same image."""
        return bool(self.before and self.after) and self.digests[0] == self.digests[1]

    @property
    def digests(self) -> tuple[str | None, str | None]:
        before, after = (image.descriptor.digest if image else None for image in (self.before, self.after))
        return before, after

    @property
    def sizes(self) -> tuple[int | None, int | None]:
        before, after = (image.size if image else None for image in (self.before, self.after))
        return before, after


@dataclass(frozen=True, slots=True)
class PlatformDiff:
    """What differs on one platform; nothing below the pair where it has only one image, or twice the same."""

    pair: Pair
    layers: tuple[LayerChange, ...] = ()
    settings: tuple[Change, ...] = ()
    environment: tuple[Change, ...] = ()
    labels: tuple[Change, ...] = ()
    packages: PackageChanges | None = None


@dataclass(frozen=True, slots=True)
class Diff:
    """Two reports compared."""

    before: Report
    after: Report
    platforms: tuple[PlatformDiff, ...]


def pairs(before: Report, after: Report) -> tuple[Pair, ...]:
    """The images of two reports by what they stand for, in the order of the second, then what it lacks."""
    old, new = ({image.place: image for image in reversed(report.images)} for report in (before, after))
    places = dict.fromkeys(image.place for image in (*after.images, *before.images))
    return tuple(Pair(old.get(place), new.get(place)) for place in places)


def compared(pair: Pair, inventories: tuple[Inventory, Inventory] | None = None) -> PlatformDiff:
    """What differs within a pair; packages only where inventories of both images are given."""
    before, after = pair.before, pair.after
    if before is None or after is None or pair.is_same:
        return PlatformDiff(pair)
    return PlatformDiff(
        pair,
        layers=tuple(_aligned(_made(before), _made(after))),
        settings=changes(_settings(before.settings), _settings(after.settings)),
        environment=changes(before.settings.environment, after.settings.environment),
        labels=changes(before.settings.labels, after.settings.labels),
        packages=_package_changes(*inventories) if inventories else None,
    )


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    """Every name under which something else stands now, in alphabetical order."""
    names = sorted({*before, *after})
    every = (Change(name, before.get(name), after.get(name)) for name in names)
    return tuple(change for change in every if change.before != change.after)


def _package_changes(before: Inventory, after: Inventory) -> PackageChanges:
    told = {"before": before.problem, "after": after.problem}
    if problems := [f"{when}: {problem}" for when, problem in told.items() if problem]:
        return PackageChanges(after.origin, problem="; ".join(problems))
    old, new = versions(before.packages), versions(after.packages)
    changed = (PackageChange(*name, old.get(name), new.get(name)) for name in sorted({*old, *new}))
    kept = len(old.items() & new.items())
    return PackageChanges(after.origin, tuple(each for each in changed if each.before != each.after), kept)


def _settings(settings: Settings) -> dict[str, str]:
    told = {
        "entrypoint": _words(settings.entrypoint),
        "command": _words(settings.command),
        "shell": _words(settings.shell),
        "user": settings.user,
        "working directory": settings.working_dir,
        "stop signal": settings.stop_signal,
    }
    return {name: text for name, text in told.items() if text}


def _words(words: Sequence[str] | None) -> str:
    return json.dumps(words, ensure_ascii=False) if words else ""


def _made(image: ImageReport) -> list[MadeLayer]:
    shell = image.settings.shell or ()
    return [
        MadeLayer(layer, instruction(step.created_by, shell=shell) if step else "")
        for layer, step in zip(image.layers, image.layer_steps(), strict=True)
    ]


def _aligned(before: Sequence[MadeLayer], after: Sequence[MadeLayer]) -> Iterator[LayerChange]:
    """Layers side by side: the same ones, between them those that the same instruction made, the rest as they stand."""
    for old, new in _runs(before, after, key="digest"):
        if [layer.digest for layer in old] == [layer.digest for layer in new]:
            yield from map(LayerChange, old, new)
            continue
        for one, other in _runs(old, new, key="instruction"):
            yield from (LayerChange(left, right) for left, right in zip_longest(one, other))


def _runs(
    before: Sequence[MadeLayer], after: Sequence[MadeLayer], *, key: str
) -> Iterator[tuple[Sequence[MadeLayer], Sequence[MadeLayer]]]:
    """Both from end to end in pieces, those equal by the key and those not by turns."""
    name = attrgetter(key)
    matcher = SequenceMatcher(None, [name(each) for each in before], [name(each) for each in after], autojunk=False)
    for _, i, j, k, m in matcher.get_opcodes():
        yield before[i:j], after[k:m]
