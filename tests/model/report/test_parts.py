"""Tests of what the documents behind a name are to a report."""

import json
from typing import Any

import pytest

from orchestrator.model.oci import DOCKER_LIST, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Descriptor, Document, digest_of
from orchestrator.model.platforms import Platform
from orchestrator.model.report import Attestation
from orchestrator.model.report.parts import Child, Part, image_parts, image_report, other_parts
from tests.samples import attestation_entry, image_entry, index_document

LAYER = {"mediaType": OCI_LAYER, "digest": digest_of(b"layer"), "size": 5}
PROVENANCE = "https://slsa.dev/provenance/v1"


def manifest(config_type: str, **layer: Any) -> Document:
    body = {
        "schemaVersion": 2,
        "config": {"mediaType": config_type, "digest": digest_of(b"config"), "size": 6},
        "layers": [{**LAYER, **layer}],
    }
    return Document(OCI_MANIFEST, json.dumps(body).encode())


IMAGE = manifest(OCI_CONFIG)
STATEMENT = manifest(OCI_CONFIG, annotations={"in-toto.io/predicate-type": PROVENANCE})
CHART = manifest("application/vnd.cncf.helm.config.v1+json")


def children(top: Document, *documents: Document) -> list[Child]:
    return [Child(descriptor, document) for descriptor, document in zip(top.children, documents, strict=True)]


def test_an_attestation_stands_with_its_image() -> None:
    subject = digest_of(b"linux/amd64")
    top = index_document(image_entry("linux/amd64"), attestation_entry(subject))
    found = children(top, IMAGE, STATEMENT)

    told = image_parts(top, found), other_parts(found)

    said = (Attestation(top.children[1].digest, (PROVENANCE,)),)
    config = IMAGE.config or pytest.fail("no configuration")
    assert told == ((Part(top.children[0], config, IMAGE.layers, said, ()),), ())


def test_what_is_no_image_is_told_apart() -> None:
    top = index_document(image_entry("linux/amd64"), image_entry("linux/s390x"), attestation_entry(digest_of(b"gone")))
    found = children(top, IMAGE, CHART, STATEMENT)

    told = [part.descriptor for part in image_parts(top, found)], other_parts(found)

    assert told == ([top.children[0]], top.children[1:])


def test_features_of_the_processor_are_those_of_dockers_list() -> None:
    entry = image_entry("linux/amd64")
    entry["platform"]["features"] = ["sse4"]
    top = Document(DOCKER_LIST, json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode())

    (part,) = image_parts(top, children(top, IMAGE))

    assert part.cpu_features == ("sse4",)


def test_a_platform_that_no_index_says_is_the_configurations() -> None:
    config = json.dumps({"os": "windows", "architecture": "amd64", "os.version": "10.0.1"}).encode()
    part = Part(IMAGE.descriptor(), LAYER_OF, IMAGE.layers, (), ())

    found = image_report(part, config, [None])

    expected = Descriptor(OCI_MANIFEST, IMAGE.digest, IMAGE.size, Platform("windows", "amd64"), "10.0.1")
    assert found.descriptor == expected


def test_a_configuration_without_a_platform_is_refused() -> None:
    part = Part(IMAGE.descriptor(), LAYER_OF, IMAGE.layers, (), ())

    with pytest.raises(ValueError, match="architecture"):
        image_report(part, b"{}", [None])


LAYER_OF = IMAGE.layers[0]
