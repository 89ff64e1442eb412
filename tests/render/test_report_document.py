"""Tests of reports as documents for programs."""

import datetime as dt
import json
from pathlib import PurePosixPath

from orchestrator.errors import ExitCode
from orchestrator.model.oci import OCI_LAYER, OCI_MANIFEST, Descriptor, digest_of
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference
from orchestrator.model.report import Attestation, ImageReport, Layer, Report
from orchestrator.model.report.config import Settings, Step
from orchestrator.render.report_document import pages_document, reports_document

NAME = Reference.parse("tool:1.0")
NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
IMAGE = ImageReport(
    Descriptor(OCI_MANIFEST, digest_of(b"image"), 7, Platform("linux", "amd64")),
    Descriptor("config", digest_of(b"config"), 7),
    Settings(command=("tool",), environment={"A": "1"}),
    NOON,
    (Step(NOON, "/bin/sh -c make", is_empty=False),),
    (Layer(Descriptor(OCI_LAYER, digest_of(b"layer"), 1000, urls=("https://elsewhere.example/x",)), NOON),),
    (Attestation(digest_of(b"provenance"), ("https://slsa.dev/provenance/v1",)),),
    ("sse4",),
    (Descriptor(OCI_MANIFEST, digest_of(b"signature"), 7, artifact_type="example/signature"),),
)


def test_every_fact_of_a_report_is_in_its_document() -> None:
    found = Report(NAME, NAME.repository, Descriptor(OCI_MANIFEST, IMAGE.descriptor.digest, 7), (IMAGE,))

    document = reports_document([found], [], code=ExitCode.DONE)

    noon = "2026-01-31T12:00:00+00:00"
    assert json.loads(json.dumps(document)) == {
        "schema": 1,
        "exit_code": 0,
        "problems": [],
        "images": [
            {
                "image": "tool:1.0",
                "exists": True,
                "digest": digest_of(b"image"),
                "media_type": OCI_MANIFEST,
                "others": [],
                "referrers": None,
                "platforms": [
                    {
                        "platform": {"os": "linux", "architecture": "amd64", "features": ["sse4"]},
                        "digest": digest_of(b"image"),
                        "media_type": OCI_MANIFEST,
                        "size": 1000,
                        "image_id": digest_of(b"config"),
                        "created": noon,
                        "docker_version": None,
                        "entrypoint": None,
                        "command": ["tool"],
                        "shell": None,
                        "user": None,
                        "working_dir": None,
                        "stop_signal": None,
                        "environment": {"A": "1"},
                        "labels": {},
                        "history": [
                            {
                                "created": noon,
                                "created_by": "/bin/sh -c make",
                                "instruction": "RUN make",
                                "empty_layer": False,
                            }
                        ],
                        "layers": [
                            {
                                "digest": digest_of(b"layer"),
                                "media_type": OCI_LAYER,
                                "size": 1000,
                                "modified": noon,
                                "urls": ["https://elsewhere.example/x"],
                            }
                        ],
                        "attestations": [
                            {"digest": digest_of(b"provenance"), "predicates": ["https://slsa.dev/provenance/v1"]}
                        ],
                        "referrers": [
                            {
                                "mediaType": OCI_MANIFEST,
                                "digest": digest_of(b"signature"),
                                "size": 7,
                                "artifactType": "example/signature",
                            }
                        ],
                    }
                ],
            }
        ],
    }


def test_a_tag_that_is_missing_and_one_that_failed_are_told_apart() -> None:
    document = reports_document([Report(NAME, NAME.repository, None)], ["other: broken"], code=ExitCode.UNAVAILABLE)

    nothing: dict[str, object] = {"digest": None, "media_type": None, "platforms": [], "others": [], "referrers": None}
    missing = {"image": "tool:1.0", "exists": False, **nothing}
    assert document == {"schema": 1, "exit_code": 13, "images": [missing], "problems": ["other: broken"]}


def test_pages_that_changed_are_named() -> None:
    page = PurePosixPath("tool/remote/1.0.md")

    assert pages_document([page], [page], [], code=ExitCode.DONE) == {
        "schema": 1,
        "exit_code": 0,
        "changed": ["tool/remote/1.0.md"],
        "gone": ["tool/remote/1.0.md"],
        "problems": [],
    }
