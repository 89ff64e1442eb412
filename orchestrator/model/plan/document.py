"""The plan as a document for programs."""

from typing import Any

from orchestrator.model.plan import Build, Parent, Plan, State, Unknown
from orchestrator.model.plan.reasons import Reason
from orchestrator.model.targets import Target


def plan_document(plan: Plan) -> dict[str, Any]:
    """`out/plan.json`, schema 1."""
    return {"schema": 1, "exit_code": int(plan.code), "builds": plan_entries(plan)}


def plan_entries(plan: Plan) -> list[dict[str, Any]]:
    """Each build of a plan, then what is unknown of it."""
    needed_by, blocks = plan.needed_by, plan.blocks

    def relations(target: Target) -> dict[str, list[str]]:
        return {
            "needed_by": [str(each) for each in needed_by.get(target, ())],
            "blocks": [str(each) for each in blocks.get(target, ())],
        }

    return [
        *({**_build_entry(build), **relations(build.target)} for build in plan.builds),
        *({**unknown_entry(unknown), **relations(unknown.target)} for unknown in plan.unknown),
    ]


def unknown_entry(unknown: Unknown) -> dict[str, Any]:
    """A target whose build ID or state is not known."""
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


def _build_entry(build: Build) -> dict[str, Any]:
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
        "parents": [_parent(parent) for parent in build.parents],
        "build_args": dict(build.inputs.build_args),
        "directory": str(build.directory),
        "inputs": build.inputs.document(),
    }


def _parent(parent: Parent) -> dict[str, str | None]:
    return {
        "name": parent.name.short,
        "target": str(parent.target),
        "build_id": parent.staging.tag,
        "staged": parent.staged or None,
    }


def _reason(reason: Reason) -> dict[str, str | None]:
    return {"kind": str(reason.kind), "what": reason.what, "old": reason.old, "new": reason.new}
