"""What a build's inputs were when its target was staged last, and what they are now."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.model.characters import visible
from orchestrator.model.plan import Build, Plan
from orchestrator.model.plan.build_id import BuildInputs, build_id, is_parent_input
from orchestrator.model.plan.document import plan_entries
from orchestrator.model.plan.kept_inputs import KeptInputs
from orchestrator.model.plan.reasons import Kind, Reason, changes

_FIELDS = {
    "Dockerfile": Kind.DOCKERFILE,
    "context files": Kind.FILE,
    "build arguments": Kind.ARGUMENT,
    "bases": Kind.BASE,
    "parents": Kind.PARENT,
    "builder": Kind.BUILDER,
}
"""The inputs by their names for people, in the order in which they are told, with the kind of their changes."""

_WIDTH = max(map(len, _FIELDS))


def why_text(plan: Plan) -> str:
    """Each build with its inputs, field by field: what changed with both values, what did not in a word."""
    parts = ["\n".join((*_lines(build), "")) for build in plan.builds]
    parts += [f"{unknown.target}: unknown: {unknown.problem}\n" for unknown in plan.unknown]
    return "\n".join(parts)


def why_document(plan: Plan) -> dict[str, Any]:
    """What `why --format json` prints, schema 1: `before` is what `inputs` were when the target was staged last."""
    entries = plan_entries(plan)
    for build, entry in zip(plan.builds, entries, strict=False):  # what is unknown comes after the builds
        before = _before(build)
        entry["last_staged"] = _last(build)
        entry["before"] = before.inputs.document() if before else None
    return {"schema": 1, "exit_code": int(plan.code), "builds": entries}


def _before(build: Build) -> KeptInputs | None:
    """The inputs of the last staged build; those of an up-to-date one are what its build ID says."""
    if build.staged:
        return build.kept
    return build.last.kept if build.last else None


def _last(build: Build) -> Mapping[str, str | None] | None:
    if build.staged:
        return {"build_id": build.build_id, "digest": build.staged}
    if build.last is None:
        return None
    kept = build.last.kept
    return {"build_id": build_id(kept.inputs) if kept else None, "digest": build.last.digest or None}


def _lines(build: Build) -> Iterator[str]:
    before = _before(build)
    found = changes(before, build.kept) if before else ()
    others = [reason for reason in build.reasons if reason not in found]
    yield f"{build.target}: {build.state}" + "".join(f"; {reason}" for reason in others)
    yield _line("build ID", _build_ids(before, build))
    if build.staged:
        yield _line("staged", build.staged)
    for name, kind in _FIELDS.items():
        mine = [reason for reason in found if reason.kind is kind]
        if kind is Kind.PARENT and not (mine or build.parents):
            continue
        yield _line(name, "changed" if mine else _still(name, build.kept, is_old=before is not None))
        yield from (_line("", _change(reason)) for reason in mine)


def _line(name: str, text: str) -> str:
    return f"  {name.ljust(_WIDTH)}  {text}"


def _build_ids(before: KeptInputs | None, build: Build) -> str:
    old = build_id(before.inputs) if before else build.build_id
    return build.build_id if old == build.build_id else f"{old} -> {build.build_id}"


def _change(reason: Reason) -> str:
    return str(reason).removeprefix(f"{reason.kind}: ")


def _still(name: str, kept: KeptInputs, *, is_old: bool) -> str:
    """An input that is what it was, or that nothing can be compared with."""
    inputs = kept.inputs
    now = {
        "Dockerfile": f"sha256:{inputs.dockerfile}",
        "context files": ", ".join(sorted(inputs.files)) or "none",
        "build arguments": _arguments(inputs) or "none",
        "bases": _bases(inputs, are_parents=False),
        "parents": _bases(inputs, are_parents=True),
        "builder": f"{inputs.builder} for {inputs.platform}",
    }
    return f"unchanged: {now[name]}" if is_old else now[name]


def _arguments(inputs: BuildInputs) -> str:
    return " ".join(f"{name}={visible(value)}" for name, value in sorted(inputs.build_args.items()))


def _bases(inputs: BuildInputs, *, are_parents: bool) -> str:
    mine = (pair for pair in sorted(inputs.bases.items()) if is_parent_input(pair[1]) == are_parents)
    return ", ".join(f"{name} {value}" for name, value in mine) or "none"
