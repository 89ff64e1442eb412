"""The plan: every build that should exist, whether it does, and why it is needed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePosixPath

from orchestrator.errors import ExitCode, OrchestratorError, joined, worst
from orchestrator.model.bases import ResolvedBase
from orchestrator.model.plan.build_id import BuildInputs, build_id
from orchestrator.model.plan.kept_inputs import KeptInputs
from orchestrator.model.plan.needs import needed_by, reached, waiting_for
from orchestrator.model.plan.reasons import Kind, LastStaged, Reason, reasons
from orchestrator.model.plan.repeat import Told, repeat_command
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.targets import Target


class State(StrEnum):
    """Whether a build has to run."""

    UP_TO_DATE = "up to date"
    NEEDED = "needed"
    UNKNOWN = "unknown"
    """What decides it could not be looked up, so it is neither built nor taken for built."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A build of the same plan that another one stands on."""

    name: Reference
    """As the Dockerfile calls it."""
    target: Target
    staging: Reference
    staged: str = ""
    """Digest of what staging holds under its build ID; empty when it is absent."""


@dataclass(frozen=True, slots=True)
class Build:
    """One source on one arch, named by its inputs."""

    target: Target
    inputs: BuildInputs
    bases: tuple[ResolvedBase, ...]
    directory: PurePosixPath
    """The rendered directory below the image's folder: Dockerfile and context."""
    staging: Reference
    pointer: Reference
    """The tag in staging that names the last staged build of the target, whatever its build ID is."""
    dockerfile: str = ""
    """The rendered text."""
    staged: str = ""
    """Digest of what staging holds under the build ID; empty when it is absent."""
    last: LastStaged | None = None
    """What `pointer` names; asked for only when nothing is staged under the build ID."""
    forced: str = ""
    """Why it is built though it is staged; empty when it is not forced."""
    parents: tuple[Parent, ...] = ()
    """The images that it stands on, or takes files from, that are builds of the plan themselves."""
    selected: bool = True
    """Whether it was asked for itself, not only for the sake of builds that stand on it."""
    told: Told = field(default_factory=Told)
    """What repeating it takes besides its name."""

    @property
    def build_id(self) -> str:
        return self.staging.tag

    @property
    def state(self) -> State:
        return State.UP_TO_DATE if self.staged and not self.forced else State.NEEDED

    @property
    def needs(self) -> tuple[Target, ...]:
        """The parents that it cannot be built without; none when it has not to be built."""
        if self.state is State.UP_TO_DATE:
            return ()
        return tuple(dict.fromkeys(parent.target for parent in self.parents))

    @property
    def kept(self) -> KeptInputs:
        """What its index in staging remembers."""
        return KeptInputs(self.inputs, self.dockerfile)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why it is needed, in a fixed order; none when it is up to date."""
        forced = (Reason(Kind.FORCED, self.forced),) if self.forced else ()
        return (*forced, *(() if self.staged else reasons(self.last, self.kept)))

    @property
    def reason(self) -> str:
        return "; ".join(map(str, self.reasons))

    def on(self, digests: Mapping[Target, str]) -> "Build":
        """The build with its parents among its bases, tied to what staging has of them: an index, by its digest."""
        found = ((parent, digests[parent.target]) for parent in self.parents)
        tied = (
            ResolvedBase(parent.name, self.target.arch, parent.staging.pinned(digest), digest, os_version="")
            for parent, digest in found
        )
        return replace(self, bases=(*self.bases, *tied))

    @property
    def make_command(self) -> str:
        """The one command that repeats this build, told what its run was told."""
        return repeat_command(self.target, self.told, forced=self.forced if self.staged else "")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A target of which nobody can say now whether its build exists."""

    target: Target
    error: OrchestratorError
    """What could not be looked up."""
    parent: Target | None = None
    """The parent that is unknown itself; None where it is the target's own fault."""
    selected: bool = True
    """As of a build."""

    @property
    def needs(self) -> tuple[Target, ...]:
        return () if self.parent is None else (self.parent,)

    @property
    def problem(self) -> str:
        return f"its parent {self.parent} is unknown" if self.parent else "; ".join(self.error.problems)


Found = str | LastStaged | OrchestratorError
"""What asking staging for a build finds: its digest, an earlier build of its target, or that it cannot tell."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Builds in the order in which they are tried, parents first."""

    builds: tuple[Build, ...]
    unknown: tuple[Unknown, ...] = ()

    @property
    def needed(self) -> tuple[Build, ...]:
        return tuple(build for build in self.builds if build.state is State.NEEDED)

    @property
    def code(self) -> ExitCode:
        """What a run ends with that only looked at the plan."""
        return worst(unknown.error.exit_code for unknown in self.unknown)

    @property
    def needs(self) -> Mapping[Target, tuple[Target, ...]]:
        """By each target the parents that it cannot be built without."""
        return {each.target: each.needs for each in self._every}

    @property
    def blocks(self) -> Mapping[Target, tuple[Target, ...]]:
        """By each target that has still to be built, or is unknown, all that cannot be built without it."""
        missing = {*(build.target for build in self.needed), *(unknown.target for unknown in self.unknown)}
        needs = {target: [each for each in mine if each in missing] for target, mine in self.needs.items()}
        return waiting_for(needs)

    @property
    def needed_by(self) -> Mapping[Target, tuple[Target, ...]]:
        """By each target that nobody asked for those for whose sake it is in the plan."""
        found = needed_by(self.needs)
        return {each.target: found.get(each.target, ()) for each in self._every if not each.selected}

    @property
    def _every(self) -> tuple[Build | Unknown, ...]:
        return (*self.builds, *self.unknown)

    def with_staged(self, found: Mapping[Reference, Found]) -> "Plan":
        """The plan after asking the registry, by staging reference; where it found nothing there is no entry.

        What would have to be built on something unknown is unknown as well.
        """
        builds: dict[Target, Build] = {}
        unknown = {each.target: each for each in self.unknown}
        for each in self.builds:
            now = _after(each, found.get(each.staging))
            if isinstance(now, Build):
                now = _on_parents(now, builds, unknown)
            if isinstance(now, Build):
                builds[each.target] = now
            else:
                unknown[each.target] = now
        return Plan(tuple(builds.values()), tuple(unknown.values()))

    def certain(self) -> "Plan":
        """The same plan; raises the error by which any of it is unknown, for work that must not guess."""
        if self.unknown:
            raise joined(list({unknown.error.problems: unknown.error for unknown in self.unknown}.values()))
        return self

    def forced(self, reason: str) -> "Plan":
        """The plan with everything built that was asked for; its parents only where they are needed."""
        builds = (replace(build, forced=reason) if build.selected else build for build in self.builds)
        return replace(self, builds=tuple(builds))

    def as_told(self, told: Told) -> "Plan":
        """The plan of a run that was told this."""
        return replace(self, builds=tuple(replace(build, told=told) for build in self.builds))

    def without_idle(self) -> "Plan":
        """The plan without those that nobody asked for and no build needs now."""
        asked = (each.target for each in self._every if each.selected)
        kept = reached(asked, self.needs)
        return Plan(
            tuple(build for build in self.builds if build.target in kept),
            tuple(unknown for unknown in self.unknown if unknown.target in kept),
        )


def planned(
    target: Target,
    kept: KeptInputs,
    *,
    bases: tuple[ResolvedBase, ...],
    directory: PurePosixPath,
    repositories: Repositories,
) -> Build:
    """The build of a target from these inputs, its place in staging named after them."""
    return Build(
        target=target,
        inputs=kept.inputs,
        bases=bases,
        directory=directory,
        staging=repositories.staged(target.arch, build_id(kept.inputs)),
        pointer=repositories.last_staged(target),
        dockerfile=kept.dockerfile,
    )


def _after(build: Build, found: Found | None) -> Build | Unknown:
    match found:
        case OrchestratorError() as error:
            return Unknown(build.target, error, selected=build.selected)
        case LastStaged() as last:
            return replace(build, staged="", last=last)
        case digest:
            return replace(build, staged=digest or "", last=None)


def _on_parents(build: Build, builds: Mapping[Target, Build], unknown: Mapping[Target, Unknown]) -> Build | Unknown:
    """The build with what staging has of its parents, or why nobody can say whether it exists."""
    for target in build.needs:
        if target in unknown:
            return Unknown(build.target, unknown[target].error, target, selected=build.selected)
    staged = {target: parent.staged for target in build.needs if (parent := builds.get(target))}
    return replace(build, parents=tuple(replace(each, staged=staged.get(each.target, "")) for each in build.parents))
