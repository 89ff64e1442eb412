"""Uses of builders: which builds of a run go to which, and what that asks of it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.model.config import Config
from orchestrator.model.config.builders import Builder
from orchestrator.model.plan import Build
from orchestrator.tools.smoke import tests_of


@dataclass(frozen=True, slots=True)
class Use:
    """What a run wants of one builder."""

    key: str
    """Its entry in `builders`."""
    builder: Builder
    builds: tuple[Build, ...]
    may_emulate: bool
    is_tested: bool
    """Whether any of the images has smoke tests."""

    @property
    def arches(self) -> tuple[str, ...]:
        return tuple(sorted({build.target.arch for build in self.builds}))

    @property
    def staging(self) -> str:
        """The registry that images go to."""
        return self.builds[0].staging.registry

    @property
    def base_registries(self) -> tuple[str, ...]:
        """The registries that the builder pulls from."""
        bases = {base.pinned.registry for build in self.builds for base in build.bases}
        parents = {parent.staging.registry for build in self.builds for parent in build.parents}
        return tuple(sorted(bases | parents))


def uses(builds: Iterable[Build], config: Config, *, emulate: bool) -> tuple[Use, ...]:
    """One use for each entry of `builders` that builds go to; `emulate` allows emulation on all of them."""
    by_key: dict[str, list[Build]] = defaultdict(list)
    for build in builds:
        by_key[config.builder_key(build.target.arch, build.target.facts.variant)].append(build)
    found = []
    for key, mine in sorted(by_key.items()):
        builder = config.builders.get(key, Builder())
        is_tested = any(tests_of(config.tests, build.target) for build in mine)
        found.append(Use(key, builder, tuple(mine), emulate or builder.emulate, is_tested))
    return tuple(found)
