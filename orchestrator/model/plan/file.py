"""A plan on disk: written by one run, carried out by another as it is or not at all."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.errors import InputError, TagMovedError
from orchestrator.model.plan import Build, Plan, State
from orchestrator.model.plan.build_id import BuildInputs
from orchestrator.model.plan.document import plan_document
from orchestrator.model.plan.kept_inputs import KeptInputs
from orchestrator.model.plan.reasons import changes
from orchestrator.model.platforms import Platform
from orchestrator.model.problems import pointer, problems_of
from orchestrator.model.targets import Matrix, Target


@dataclass(frozen=True, slots=True)
class PlannedBuild:
    """A build as it was planned."""

    target: str
    build_id: str
    staging: str
    """What it would have been called in staging; empty where the plan does not say."""
    state: State
    kept: KeptInputs
    selected: bool
    """Whether it was asked for itself; otherwise builds that were need it."""


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What a plan on disk says."""

    name: str
    """What errors call it."""
    build_args: tuple[str, ...]
    """The NAME=VALUE that the plan was made with, besides those of the configuration."""
    builds: tuple[PlannedBuild, ...]

    def targets(self, matrix: Matrix) -> tuple[Target, ...]:
        """The targets that were asked for, in its order; raises TagMovedError when one of all is gone."""
        there = {str(target): target for target in matrix.targets}
        gone = [build.target for build in self.builds if build.target not in there]
        self._refuse([f"{target}: there is no such target any more" for target in gone])
        return tuple(there[build.target] for build in self.builds if build.selected)

    def check(self, now: Plan) -> None:
        """Compare it with the same plan made now; raises TagMovedError that names all that changed since."""
        builds = {str(build.target): build for build in now.builds}
        self._refuse(
            [text for each in self.builds if each.target in builds for text in _stale(each, builds[each.target])]
        )

    def _refuse(self, problems: Sequence[str]) -> None:
        if problems:
            raise TagMovedError(*(f"{self.name}: {problem}; make the plan again" for problem in problems))


def document(plan: Plan, build_args: Sequence[str]) -> dict[str, Any]:
    """What `plan -o FILE` writes: the plan with everything that tells what is not the same any more."""
    dockerfiles = list(dict.fromkeys(build.dockerfile for build in plan.builds))
    return {**plan_document(plan), "build_args": list(build_args), "dockerfiles": dockerfiles}


def read(text: str, *, name: str) -> PlanFile:
    """Read a plan; raises InputError for what is none, and for one that could not be made whole."""
    try:
        found = _Document.model_validate_json(text)
    except ValidationError as error:
        problems = problems_of(error, _Document)
        where = (f"{name}{'#' if problem.loc else ''}{pointer(problem.loc)}: {problem.text}" for problem in problems)
        raise InputError(*where) from error
    if unknown := [each.target for each in found.builds if each.inputs is None]:
        raise InputError(f"{name}: {', '.join(unknown)}: unknown when it was planned; make the plan again")
    return PlanFile(name, tuple(found.build_args), tuple(_planned(found, name)))


def _planned(found: "_Document", name: str) -> Iterator[PlannedBuild]:
    texts = {hashlib.sha256(text.encode()).hexdigest(): text for text in found.dockerfiles}
    for each in found.builds:
        if each.inputs is None:
            continue
        given = each.inputs
        try:
            platform = Platform.parse(given.platform)
        except ValueError as error:
            raise InputError(f"{name}: {each.target}: {error}") from error
        inputs = BuildInputs(given.dockerfile, given.files, platform, given.build_args, given.bases, given.builder)
        yield PlannedBuild(
            each.target,
            each.build_id or "",
            each.staging,
            State(each.state),
            KeptInputs(inputs, texts.get(inputs.dockerfile, "")),
            selected=not each.needed_by,
        )


def _stale(planned: PlannedBuild, now: Build) -> Iterator[str]:
    repository = planned.staging.removesuffix(f":{planned.build_id}")
    if planned.build_id != now.build_id:
        found = changes(planned.kept, now.kept)
        yield f"{planned.target}: {'; '.join(map(str, found)) or 'the rules of build IDs changed'}"
    elif repository and repository != str(now.staging.repository):
        yield f"{planned.target}: it was planned for {repository}, and would go to {now.staging.repository} now"
    elif planned.state is State.UP_TO_DATE and not now.staged:
        yield f"{planned.target}: it was staged when it was planned, and is not any more"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Inputs(_Part):
    dockerfile: str
    files: Mapping[str, str]
    platform: str
    build_args: Mapping[str, str]
    bases: Mapping[str, str]
    builder: str


class _Build(_Part):
    target: str
    build_id: str | None
    staging: str = ""
    state: Literal["up to date", "needed", "unknown"]
    inputs: _Inputs | None = None
    needed_by: list[str] = []


class _Document(_Part):
    schema_: Literal[1] = Field(alias="schema")
    build_args: list[str]
    builds: Annotated[list[_Build], Field(min_length=1)]
    dockerfiles: list[str] = []
    """The texts of the builds' Dockerfiles, each once."""
