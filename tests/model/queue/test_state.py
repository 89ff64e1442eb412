import datetime as dt
import json

import pytest

from orchestrator.errors import ExitCode
from orchestrator.model.oci import OCI_MANIFEST, Document
from orchestrator.model.queue.failing_builds import FailingBuild
from orchestrator.model.queue.state import ANNOTATION, artifact, memory_of
from tests.samples import image_entry, index_document

FIRST = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
MEMORY = {
    "0b" * 32: FailingBuild("2.0/trixie@amd64", 2, FIRST, FIRST.replace(hour=13), ExitCode.TEST_FAILED, "não", "out/l"),
    "0a" * 32: FailingBuild("1.0/trixie@amd64", 1, FIRST, FIRST, ExitCode.BUILD_FAILED, "exit code: 7", "http://ci/7"),
}
ENTRY = {
    "target": "1.0/trixie@amd64",
    "failures": 1,
    "since": "2026-01-01T12:00:00+00:00",
    "last": "2026-01-01T12:00:00Z",
    "exit_code": 10,
    "cause": "exit code: 7",
    "log": "http://ci/7",
}


def saying(state: object) -> Document:
    """The artifact with another state in it."""
    manifest = json.loads(artifact({}).content)
    text = state if isinstance(state, str) else json.dumps(state)
    return Document(OCI_MANIFEST, json.dumps({**manifest, "annotations": {ANNOTATION: text}}).encode())


@pytest.mark.parametrize("memory", [{}, MEMORY])
def test_a_memory_comes_back_as_it_was(memory: dict[str, FailingBuild]) -> None:
    assert memory_of(artifact(memory)) == memory


def test_equal_memories_have_equal_bytes() -> None:
    assert artifact(dict(reversed(MEMORY.items()))) == artifact(MEMORY)


def test_it_is_an_artifact_of_its_own_type_that_needs_one_small_blob() -> None:
    document = artifact(MEMORY)

    manifest = json.loads(document.content)
    assert (manifest["mediaType"], manifest["artifactType"]) == (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.orchestrator.queue.v1+json",
    )
    assert [(blob.media_type, blob.digest, blob.size) for blob in document.blobs] == [
        (
            "application/vnd.oci.empty.v1+json",
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            2,
        )
    ]


def test_what_a_later_release_may_add_is_passed_over() -> None:
    state = {"schema": 1, "builds": {"0a" * 32: {**ENTRY, "more": 1}}, "more": 1}

    assert memory_of(saying(state)) == {"0a" * 32: MEMORY["0a" * 32]}


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (index_document(image_entry("linux/amd64")), "has no annotation `dev.orchestrator.queue`"),
        (saying("{"), "^not JSON: EOF"),
        (saying([]), "^expected a mapping, got a list$"),
        (saying({"builds": {}}), "/schema: is missing"),
        (saying({"schema": 2, "builds": {}}), "/schema: expected 1, got 2"),
        (saying({"schema": 1, "builds": {"a": {**ENTRY, "failures": 0}}}), "/builds/a/failures: "),
        (saying({"schema": 1, "builds": {"a": {**ENTRY, "failures": "1"}}}), "/builds/a/failures: "),
        (saying({"schema": 1, "builds": {"a": {**ENTRY, "last": "2026-01-01T12:00:00"}}}), "/builds/a/last: "),
        (saying({"schema": 1, "builds": {"a": {**ENTRY, "exit_code": 99}}}), "/builds/a/exit_code: "),
    ],
)
def test_what_is_no_state_of_ours_says_where(document: Document, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        memory_of(document)
