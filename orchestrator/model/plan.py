"""The plan: every build that should exist, whether it does, and why it is needed."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from orchestrator.model.bases import ResolvedBase
from orchestrator.model.build_id import BuildInputs, build_id
from orchestrator.model.references import Reference
from orchestrator.model.repositories import Repositories
from orchestrator.model.targets import Target

_PLAIN = re.compile(r"[A-Za-z0-9_=.,:/@%+-]+")


class State(StrEnum):
    """Whether a build has to run."""

    UP_TO_DATE = "up to date"
    NEEDED = "needed"


@dataclass(frozen=True, slots=True)
class Build:
    """One source on one arch, named by its inputs."""

    target: Target
    inputs: BuildInputs
    bases: tuple[ResolvedBase, ...]
    directory: PurePosixPath
    """The rendered directory below the image's folder: Dockerfile and context."""
    staging: Reference
    staged: str = ""
    """Digest of what staging holds under the build ID; empty when it is absent."""
    forced: str = ""
    """Why it is built though it is staged; empty when it is not forced."""

    @property
    def build_id(self) -> str:
        return self.staging.tag

    @property
    def state(self) -> State:
        return State.UP_TO_DATE if self.staged and not self.forced else State.NEEDED

    @property
    def reason(self) -> str:
        if self.forced:
            return f"forced: {self.forced}"
        return "" if self.staged else f"nothing is staged under {self.build_id[:12]}"

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
class Plan:
    """Builds in the order in which they are tried."""

    builds: tuple[Build, ...]

    @property
    def needed(self) -> tuple[Build, ...]:
        return tuple(build for build in self.builds if build.state is State.NEEDED)

    def with_staged(self, staged: Mapping[Reference, str]) -> "Plan":
        """The plan after asking the registry: digest by staging reference, absent ones left out."""
        return Plan(tuple(replace(build, staged=staged.get(build.staging, "")) for build in self.builds))

    def forced(self, reason: str) -> "Plan":
        return Plan(tuple(replace(build, forced=reason) for build in self.builds))

    def document(self) -> dict[str, Any]:
        """`out/plan.json`, schema 1."""
        return {"schema": 1, "builds": [_entry(build) for build in self.builds]}


def planned(
    target: Target,
    inputs: BuildInputs,
    *,
    bases: tuple[ResolvedBase, ...],
    directory: PurePosixPath,
    repositories: Repositories,
) -> Build:
    """The build of a target from these inputs, its place in staging named after them."""
    return Build(target, inputs, bases, directory, repositories.staged(target.arch, build_id(inputs)))


def _entry(build: Build) -> dict[str, Any]:
    return {
        "target": str(build.target),
        "arch": build.target.arch,
        "platform": str(build.target.platform),
        "build_id": build.build_id,
        "state": str(build.state),
        "reason": build.reason,
        "staging": str(build.staging),
        "staged": build.staged or None,
        "bases": [
            {"name": base.name.short, "digest": base.digest, "pulled_from": str(base.pinned)} for base in build.bases
        ],
        "build_args": dict(build.inputs.build_args),
        "directory": str(build.directory),
    }
