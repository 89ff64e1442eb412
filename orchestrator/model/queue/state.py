"""The memory of failing builds as a document: an OCI artifact that any registry keeps under a tag."""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from orchestrator.errors import ExitCode
from orchestrator.model.oci import OCI_MANIFEST, Document, digest_of
from orchestrator.model.plan.build_id import canonical_json
from orchestrator.model.problems import summary_of
from orchestrator.model.queue.failing_builds import FailingBuild, Memory

ARTIFACT_TYPE = "application/vnd.orchestrator.queue.v1+json"
ANNOTATION = "dev.orchestrator.queue"
"""Holds the state: it comes and goes with the manifest in one request, and leaves no blobs behind when it changes."""

# An artifact without config and layers: https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md
EMPTY = b"{}"
"""The one blob that the artifact names, and that must be in its repository before it."""

_EMPTY_DESCRIPTOR = {
    "mediaType": "application/vnd.oci.empty.v1+json",
    "digest": digest_of(EMPTY),
    "size": len(EMPTY),
}


def artifact(memory: Memory) -> Document:
    """The artifact that holds a memory; equal memories have equal bytes."""
    state = {"schema": 1, "builds": {build_id: _entry(each) for build_id, each in memory.items()}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": ARTIFACT_TYPE,
        "config": _EMPTY_DESCRIPTOR,
        "layers": [_EMPTY_DESCRIPTOR],
        "annotations": {ANNOTATION: canonical_json(state).decode()},
    }
    return Document(OCI_MANIFEST, canonical_json(manifest))


def memory_of(document: Document) -> dict[str, FailingBuild]:
    """The memory that an artifact holds; raises ValueError for what is none, or none that this release can read."""
    text = dict(document.annotations).get(ANNOTATION)
    if text is None:
        raise ValueError(f"{document.digest} has no annotation `{ANNOTATION}`")
    try:
        state = _State.model_validate_json(text)
    except ValidationError as error:
        raise ValueError(summary_of(error, _State)) from error
    return {
        build_id: FailingBuild(
            target=each.target,
            failures=each.failures,
            since=each.since,
            last=each.last,
            code=each.exit_code,
            cause=each.cause,
            log=each.log,
        )
        for build_id, each in state.builds.items()
    }


def _entry(failing: FailingBuild) -> dict[str, Any]:
    return {
        "target": failing.target,
        "failures": failing.failures,
        "since": failing.since.isoformat(),
        "last": failing.last.isoformat(),
        "exit_code": int(failing.code),
        "cause": failing.cause,
        "log": failing.log,
    }


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class _Build(_Part):
    target: str
    failures: PositiveInt
    since: AwareDatetime
    last: AwareDatetime
    exit_code: ExitCode
    cause: str
    log: str


class _State(_Part):
    schema_: Literal[1] = Field(alias="schema")
    builds: dict[str, _Build]
