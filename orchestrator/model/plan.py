"""The plan: every build that should exist, whether it does, and why it is needed."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from orchestrator.errors import ExitCode, OrchestratorError, joined, worst
from orchestrator.model.bases import ResolvedBase
from orchestrator.model.build_id import BuildInputs, build_id
from orchestrator.model.kept_inputs import KeptInputs
from orchestrator.model.reasons import Kind, LastStaged, Reason, reasons
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.targets import Target

_PLAIN = re.compile(r"[A-Za-z0-9_=.,:/@%+-]+")


class State(StrEnum):
    """Whether a build has to run."""

    UP_TO_DATE = "up to date"
    NEEDED = "needed"
    UNKNOWN = "unknown"
    """What decides it could not be looked up, so it is neither built nor taken for built."""


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

    @property
    def build_id(self) -> str:
        return self.staging.tag

    @property
    def state(self) -> State:
        return State.UP_TO_DATE if self.staged and not self.forced else State.NEEDED

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

    @property
    def make_command(self) -> str:
        """The one command that repeats this build."""
        facts = self.target.facts
        arguments = [f"{name}={value}" for name, value in sorted(self.inputs.build_args.items())]
        if not all(_PLAIN.fullmatch(argument) for argument in arguments):
            # Make takes words apart at spaces and reads `$`, so such values cannot go through it.
            options = (word for argument in arguments for word in ("--build-arg", argument))
            return shlex.join(("orchestrator", "build", str(self.target), *options))
        words = ("make", "build", f"VERSION={facts.line}", f"VARIANT={facts.variant.name}", f"ARCH={self.target.arch}")
        return shlex.join(words) + (f" BUILD_ARGS={shlex.quote(' '.join(arguments))}" if arguments else "")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A target of which nobody can say now whether its build exists."""

    target: Target
    error: OrchestratorError

    @property
    def problem(self) -> str:
        return "; ".join(self.error.problems)


Found = str | LastStaged | OrchestratorError
"""What asking staging for a build finds: its digest, an earlier build of its target, or that it cannot tell."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Builds in the order in which they are tried."""

    builds: tuple[Build, ...]
    unknown: tuple[Unknown, ...] = ()

    @property
    def needed(self) -> tuple[Build, ...]:
        return tuple(build for build in self.builds if build.state is State.NEEDED)

    @property
    def code(self) -> ExitCode:
        """What a run ends with that only looked at the plan."""
        return worst(unknown.error.exit_code for unknown in self.unknown)

    def with_staged(self, found: Mapping[Reference, Found]) -> "Plan":
        """The plan after asking the registry, by staging reference; where it found nothing there is no entry."""
        builds: list[Build] = []
        unknown = list(self.unknown)
        for build in self.builds:
            match found.get(build.staging):
                case OrchestratorError() as error:
                    unknown.append(Unknown(build.target, error))
                case LastStaged() as last:
                    builds.append(replace(build, staged="", last=last))
                case digest:
                    builds.append(replace(build, staged=digest or "", last=None))
        return replace(self, builds=tuple(builds), unknown=tuple(unknown))

    def certain(self) -> "Plan":
        """The same plan; raises the error by which any of it is unknown, for work that must not guess."""
        if self.unknown:
            raise joined(list({unknown.problem: unknown.error for unknown in self.unknown}.values()))
        return self

    def forced(self, reason: str) -> "Plan":
        return replace(self, builds=tuple(replace(build, forced=reason) for build in self.builds))

    def document(self) -> dict[str, Any]:
        """`out/plan.json`, schema 1."""
        return {
            "schema": 1,
            "exit_code": int(self.code),
            "builds": [*map(build_entry, self.builds), *map(unknown_entry, self.unknown)],
        }


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


def build_entry(build: Build) -> dict[str, Any]:
    """A build in a document."""
    return {
        "target": str(build.target),
        "arch": build.target.arch,
        "platform": str(build.target.platform),
        "build_id": build.build_id,
        "state": str(build.state),
        "reason": build.reason,
        "reasons": [_reason(reason) for reason in build.reasons],
        "staging": str(build.staging),
        "staged": build.staged or None,
        "bases": [
            {"name": base.name.short, "digest": base.digest, "pulled_from": str(base.pinned)} for base in build.bases
        ],
        "build_args": dict(build.inputs.build_args),
        "directory": str(build.directory),
        "inputs": build.inputs.document(),
    }


def _reason(reason: Reason) -> dict[str, str | None]:
    return {"kind": str(reason.kind), "what": reason.what, "old": reason.old, "new": reason.new}


def unknown_entry(unknown: Unknown) -> dict[str, Any]:
    """A target in a document whose build ID or state is not known."""
    target = unknown.target
    return {
        "target": str(target),
        "arch": target.arch,
        "platform": str(target.platform),
        "build_id": None,
        "state": str(State.UNKNOWN),
        "reason": unknown.problem,
        "exit_code": int(unknown.error.exit_code),
    }
