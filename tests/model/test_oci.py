"""Tests of descriptors and documents."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.oci import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    MAX_DOCUMENT_BYTES,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Document,
    digest_of,
)
from orchestrator.model.platforms import Platform

A = f"sha256:{'a' * 64}"
B = f"sha256:{'b' * 64}"
CONFIG: dict[str, Any] = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": A, "size": 3}
LAYER: dict[str, Any] = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": B, "size": 5}
CHILD: dict[str, Any] = {"mediaType": OCI_MANIFEST, "digest": A, "size": 7}


def manifest(**changes: Any) -> bytes:
    return encoded({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": CONFIG, "layers": [LAYER], **changes})


def index(**changes: Any) -> bytes:
    return encoded({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [CHILD], **changes})


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_a_manifest_names_its_config_and_layers() -> None:
    document = Document.parse(manifest(), OCI_MANIFEST)

    assert document.config == Descriptor(CONFIG["mediaType"], A, 3)
    assert document.layers == (Descriptor(LAYER["mediaType"], B, 5),)
    assert (document.children, document.is_index) == ((), False)


@pytest.mark.parametrize(
    ("document", "subject", "artifact_type"),
    [
        (Document.parse(manifest(), OCI_MANIFEST), None, CONFIG["mediaType"]),
        (
            Document.parse(manifest(subject=CHILD, artifactType="example/x"), OCI_MANIFEST),
            Descriptor(OCI_MANIFEST, A, 7),
            "example/x",
        ),
        (Document.parse(index(subject=CHILD), OCI_INDEX), Descriptor(OCI_MANIFEST, A, 7), ""),
    ],
)
def test_a_document_may_speak_of_another(document: Document, subject: Descriptor | None, artifact_type: str) -> None:
    assert (document.subject, document.artifact_type) == (subject, artifact_type)


def test_an_index_names_its_children_with_all_that_is_said_of_them() -> None:
    platform = {"os": "windows", "architecture": "amd64", "os.version": "10.0.26100.1", "os.features": ["win32k"]}
    child = {**CHILD, "platform": platform, "annotations": {"a": "b"}, "urls": ["https://example.org/x"]}

    document = Document.parse(index(manifests=[child], annotations={"c": "d"}), OCI_INDEX)

    assert document.children == (
        Descriptor(
            OCI_MANIFEST,
            A,
            7,
            platform=Platform("windows", "amd64"),
            os_version="10.0.26100.1",
            annotations=(("a", "b"),),
            urls=("https://example.org/x",),
            os_features=("win32k",),
        ),
    )
    assert (document.config, document.layers, document.annotations) == (None, (), (("c", "d"),))


def test_a_descriptor_is_written_as_it_was_read() -> None:
    told = {
        **CHILD,
        "urls": ["https://layers.example/one"],
        "artifactType": "example/x",
        "annotations": {"one": "1"},
        "platform": {
            "os": "windows",
            "architecture": "amd64",
            "variant": "v2",
            "os.version": "10.0.26100.1",
            "os.features": ["win32k"],
        },
    }

    document = Document.parse(index(manifests=[told, CHILD]), OCI_INDEX)

    assert [child.entry for child in document.children] == [told, CHILD]


def test_a_document_is_named_with_what_it_runs_on() -> None:
    document = Document.parse(manifest(), OCI_MANIFEST)

    named = document.descriptor(platform=Platform("windows", "amd64"), os_version="10.0.26100.1", os_features=("a",))

    assert named == Descriptor(
        OCI_MANIFEST,
        document.digest,
        document.size,
        platform=Platform("windows", "amd64"),
        os_version="10.0.26100.1",
        os_features=("a",),
    )


def test_digest_and_size_are_those_of_the_very_bytes() -> None:
    content = index() + b"\n"

    document = Document.parse(content, OCI_INDEX)

    assert document.descriptor(platform=Platform("linux", "arm64", "v8")) == Descriptor(
        OCI_INDEX,
        f"sha256:{hashlib.sha256(content).hexdigest()}",
        len(content),
        platform=Platform("linux", "arm64", "v8"),
    )


def test_the_blobs_of_a_manifest_are_each_named_once() -> None:
    document = Document.parse(manifest(layers=[LAYER, LAYER]), OCI_MANIFEST)

    assert [blob.digest for blob in document.blobs] == [A, B]


@pytest.mark.parametrize(
    ("content", "came_as", "expected"),
    [
        (index(), OCI_INDEX, OCI_INDEX),
        (index(), f"{OCI_INDEX}; charset=utf-8", OCI_INDEX),
        (index(), "application/json", OCI_INDEX),
        (index(), "", OCI_INDEX),
        (index(mediaType=None), OCI_INDEX, OCI_INDEX),
        (index(mediaType=DOCKER_LIST), DOCKER_LIST, DOCKER_LIST),
        (manifest(mediaType=DOCKER_MANIFEST), DOCKER_MANIFEST, DOCKER_MANIFEST),
    ],
)
def test_the_media_type_is_what_it_came_as_or_what_it_says(content: bytes, came_as: str, expected: str) -> None:
    assert Document.parse(content, came_as).media_type == expected


@pytest.mark.parametrize("nothing", [index(manifests=None), index(manifests=[]), index(manifests=[], layers=None)])
def test_an_empty_list_may_be_written_as_null(nothing: bytes) -> None:
    assert Document.parse(nothing, OCI_INDEX).children == ()


@pytest.mark.parametrize("platform", [None, {}, {"os": "", "architecture": ""}])
def test_a_child_may_have_no_platform(platform: object) -> None:
    document = Document.parse(index(manifests=[{**CHILD, "platform": platform}]), OCI_INDEX)

    assert document.children == (Descriptor(OCI_MANIFEST, A, 7),)


def test_an_attestation_is_told_from_an_image_and_names_its_subject() -> None:
    marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": B}

    image, attestation = Document.parse(index(manifests=[CHILD, {**CHILD, "annotations": marks}]), OCI_INDEX).children

    assert [(image.is_attestation, image.subject), (attestation.is_attestation, attestation.subject)] == [
        (False, ""),
        (True, B),
    ]


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", True),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", True),
        ("application/vnd.oci.image.layer.v1.tar+gzip", False),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", False),
    ],
)
def test_a_foreign_layer_is_known_by_its_media_type(media_type: str, *, expected: bool) -> None:
    assert Descriptor(media_type, A, 1).is_foreign is expected


@pytest.mark.parametrize(
    ("content", "came_as", "problem"),
    [
        (b"", OCI_INDEX, "not a JSON document"),
        (b"\xff", OCI_INDEX, "not a JSON document"),
        (b"\xef\xbb\xbf" + index(), OCI_INDEX, "not a JSON document"),
        (index()[:-1], OCI_INDEX, "not a JSON document"),
        (b'{"schemaVersion": NaN}', OCI_INDEX, "NaN is no JSON number"),
        (b"[]", OCI_INDEX, "expected a JSON object"),
        (b"[" * 100_000, OCI_INDEX, "nested deeper than 32 levels"),
        (index(annotations={"x": "y" * MAX_DOCUMENT_BYTES}), OCI_INDEX, "bytes are too many"),
        (b'{"schemaVersion":2,"manifests":[],"manifests":[]}', OCI_INDEX, "the key 'manifests' stands there twice"),
        (index(), "text/html", "'text/html' is not the media type of an image manifest or index"),
        (index(mediaType="text/html"), "", "'text/html' is not the media type of an image manifest or index"),
        (index(mediaType=None), "", "'' is not the media type|'None' is not the media type"),
        (index(), DOCKER_LIST, "/mediaType: 'application/vnd.oci.image.index.v1\\+json' came as"),
        (manifest(), OCI_INDEX, "^/manifests: is missing"),
        (index(), OCI_MANIFEST, "^/config: is missing"),
        (index(schemaVersion=1), OCI_INDEX, "/schemaVersion"),
        (index(layers=[]), OCI_INDEX, "/layers"),
        (index(config=CONFIG), OCI_INDEX, "/config"),
        (manifest(manifests=[]), OCI_MANIFEST, "/manifests"),
        (index(manifests={}), OCI_INDEX, "/manifests"),
        (index(manifests=[7, 8, 9]), OCI_INDEX, "^/manifests/0: expected a mapping, got 7$"),
        (index(manifests=[{**CHILD, "digest": "sha256:12"}]), OCI_INDEX, "/manifests/0/digest"),
        (index(manifests=[{**CHILD, "digest": A.upper()}]), OCI_INDEX, "/manifests/0/digest"),
        (index(manifests=[{**CHILD, "digest": f"sha512:{'a' * 128}"}]), OCI_INDEX, "/manifests/0/digest"),
        (index(manifests=[{**CHILD, "digest": 1}]), OCI_INDEX, "/manifests/0/digest"),
        (index(manifests=[{**CHILD, "size": -1}]), OCI_INDEX, "^/manifests/0/size: expected 0 or more, got -1$"),
        (index(manifests=[{**CHILD, "size": True}]), OCI_INDEX, "/manifests/0/size"),
        (index(manifests=[{**CHILD, "size": "7"}]), OCI_INDEX, "/manifests/0/size"),
        (index(manifests=[{**CHILD, "mediaType": ""}]), OCI_INDEX, "/manifests/0/mediaType"),
        (index(manifests=[{**CHILD, "platform": "linux"}]), OCI_INDEX, "/manifests/0/platform"),
        (index(manifests=[{**CHILD, "platform": {"os": 1}}]), OCI_INDEX, "/manifests/0/platform/os"),
        (index(manifests=[{**CHILD, "annotations": {"a": 1}}]), OCI_INDEX, "/manifests/0/annotations/a"),
        (manifest(config=None), OCI_MANIFEST, "/config"),
    ],
)
def test_what_is_malformed_is_refused_with_its_place(content: bytes, came_as: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Document.parse(content, came_as)


def test_brackets_within_text_do_not_count_as_depth() -> None:
    text = '[{"' * 100

    document = Document.parse(index(annotations={"text": text}), OCI_INDEX)

    assert document.annotations == (("text", text),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([A, OCI_MANIFEST]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["mediaType", "digest", "size", "platform", "annotations", "os"]), inner)
    ),
    max_leaves=8,
)


@given(JSON, JSON, JSON, st.sampled_from([OCI_INDEX, OCI_MANIFEST, ""]))
def test_whatever_comes_is_a_document_or_a_value_error(one: object, two: object, three: object, came_as: str) -> None:
    content = encoded({"schemaVersion": 2, "manifests": one, "config": two, "layers": three})

    try:
        document = Document.parse(content, came_as)
    except ValueError:
        return

    assert document.digest == digest_of(content)


@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_a_document_or_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Document.parse(content, OCI_INDEX)
