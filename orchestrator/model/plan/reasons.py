"""Why a build is needed: what differs between the inputs of the last staged build and those of now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from orchestrator.model.characters import visible
from orchestrator.model.dockerfile.changes import dockerfile_changes
from orchestrator.model.plan.build_id import is_parent_input
from orchestrator.model.plan.kept_inputs import KeptInputs


class Kind(StrEnum):
    """The kinds of reasons, in the order in which they are told."""

    FORCED = "forced"
    NEW = "new"
    DOCKERFILE = "Dockerfile changed"
    FILE = "context file changed"
    ARGUMENT = "build argument changed"
    BASE = "base moved"
    PARENT = "parent changed"
    BUILDER = "builder changed"
    UNTOLD = "not staged"
    MISSING = "missing in staging"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, with both values where something has two."""

    kind: Kind
    what: str = ""
    old: str | None = None
    """None: there was none, or it is no single value."""
    new: str | None = None

    def __str__(self) -> str:
        # Names and reasons may come from a registry or from the command line; they end no line here.
        what = visible(self.what)
        if self.old is None and self.new is None:
            return f"{self.kind}: {what}" if what else str(self.kind)
        if self.kind is Kind.FILE:
            # Its values are hashes, which tell nobody anything.
            return f"{self.kind}: {what}" + (" (new)" if self.old is None else " (gone)" if self.new is None else "")
        return f"{self.kind}: {what} {_shown(self.old)} -> {_shown(self.new)}"


@dataclass(frozen=True, slots=True)
class LastStaged:
    """The build that was staged last for a target."""

    digest: str
    """Empty where it could not be looked up."""
    kept: KeptInputs | None
    """None: nobody knows what it was made from."""
    problem: str = ""
    """Why nobody knows."""


def reasons(last: LastStaged | None, now: KeptInputs) -> tuple[Reason, ...]:
    """Every reason to build what is not in staging under its build ID, in a fixed order; never none."""
    if last is None:
        return (Reason(Kind.NEW),)
    if last.kept is None:
        return (Reason(Kind.UNTOLD, last.problem or "the last staged build does not say what it was made from"),)
    return changes(last.kept, now) or (Reason(Kind.MISSING, f"the inputs are those of {last.digest}"),)


def changes(old: KeptInputs, new: KeptInputs) -> tuple[Reason, ...]:
    """Every difference between two sets of inputs."""
    before, after = old.inputs, new.inputs
    return (
        *(_dockerfile(old, new) if before.dockerfile != after.dockerfile else ()),
        *_differences(Kind.FILE, before.files, after.files),
        *_differences(Kind.ARGUMENT, before.build_args, after.build_args),
        *_bases(before.bases, after.bases),
        *_differences(Kind.BUILDER, {"kind": before.builder}, {"kind": after.builder}),
        *_differences(Kind.BUILDER, {"platform": str(before.platform)}, {"platform": str(after.platform)}),
    )


def _dockerfile(old: KeptInputs, new: KeptInputs) -> tuple[Reason, ...]:
    if not (old.dockerfile and new.dockerfile):
        return (Reason(Kind.DOCKERFILE),)
    try:
        found = dockerfile_changes(old.dockerfile, new.dockerfile)
    except ValueError:
        return (Reason(Kind.DOCKERFILE),)
    return tuple(Reason(Kind.DOCKERFILE, words) for words in found or ("only comments or white space",))


def _bases(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Reason]:
    """The bases that moved, then the parents whose build is another one."""
    found = [*_differences(Kind.BASE, old, new)]
    parents = [reason for reason in found if is_parent_input(reason.old) or is_parent_input(reason.new)]
    yield from (reason for reason in found if reason not in parents)
    yield from (replace(reason, kind=Kind.PARENT) for reason in parents)


def _differences(kind: Kind, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Reason]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield Reason(kind, name, old.get(name), new.get(name))


def _shown(value: str | None) -> str:
    if value is None:
        return "(none)"
    return value if value and value.isprintable() and " " not in value else repr(value)
