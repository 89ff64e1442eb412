"""Tests of what an image needs, and of what the parts tell about each other."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.errors import ExitCode
from orchestrator.model.image_config import ImageConfig
from orchestrator.model.oci import DOCKER_CONFIG, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, Descriptor, Document, digest_of
from orchestrator.model.platforms import Platform
from orchestrator.model.verification import (
    Need,
    Part,
    Problem,
    State,
    Streamed,
    Verification,
    config_of,
    merged,
    needs,
    problems_of_config,
    problems_of_document,
    problems_of_layer,
    problems_of_statement,
    referring,
    top,
)
from tests.samples import attestation_entry, image_entry, index_document

A, B = (digest_of(name) for name in (b"a", b"b"))
AMD64, ARM64 = 62, 183
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ZSTD = "io.github.containers.compression.zstd"
NAME = "org.opencontainers.image.ref.name"
NONE = "it is no configuration of an image"
STATEMENT = "application/vnd.in-toto+json"


def need(part: Part, *, media_type: str = "text/plain", digest: str = A, size: int = 1) -> Need:
    return Need(Descriptor(media_type, digest, size), part, ("1.0 linux/amd64",))


def manifest(*layers: tuple[str, str], **more: Any) -> Document:
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": A, "size": 2},
        "layers": [{"mediaType": media_type, "digest": digest, "size": 3} for media_type, digest in layers],
        **more,
    }
    return Document.parse(json.dumps(body).encode(), OCI_MANIFEST)


def texts(problems: Iterable[Problem]) -> list[tuple[State, str]]:
    return [(problem.state, problem.what) for problem in problems]


def test_an_index_needs_its_images_and_their_attestations() -> None:
    document = index_document(image_entry("linux/arm64/v8", digest=A), attestation_entry(A), attestation_entry(B))

    found = [(each.part, each.needed_by) for each in needs(document, top(document, name="1.0"))]

    assert found == [
        (Part.MANIFEST, ("1.0 linux/arm64/v8",)),
        (Part.ATTESTATION, ("1.0 attestation of linux/arm64/v8",)),
        (Part.ATTESTATION, ("1.0 attestation of what it does not hold",)),
    ]


def test_an_index_within_an_index_is_one() -> None:
    inner = {"mediaType": OCI_INDEX, "digest": A, "size": 2}
    document = index_document(inner)

    (found,) = needs(document, top(document, name="1.0"))

    assert (found.part, found.needed_by) == (Part.INDEX, ("1.0",))


def test_a_manifest_needs_its_configuration_its_layers_and_what_attestations_say() -> None:
    document = manifest((LAYER, B), (STATEMENT, B))

    found = [each.part for each in needs(document, top(document, name="1.0"))]

    assert found == [Part.CONFIG, Part.LAYER, Part.STATEMENT]


def test_what_refers_to_an_image_is_needed_under_its_kind() -> None:
    child = Descriptor(OCI_MANIFEST, B, 3, artifact_type="example/signature")

    found = referring(child, top(manifest(), name="1.0"))

    assert (found.part, found.is_document, found.needed_by) == (Part.REFERRER, True, ("1.0 example/signature",))


def test_equal_parts_are_one_with_all_that_need_it_unless_their_sizes_differ() -> None:
    one = need(Part.LAYER)
    other = replace(one, needed_by=("1.0 linux/s390x",))
    longer = replace(one, descriptor=replace(one.descriptor, size=2))

    assert merged([one, other, one, longer]) == (
        replace(one, needed_by=("1.0 linux/amd64", "1.0 linux/s390x")),
        longer,
    )


def test_a_document_has_to_be_what_its_index_says() -> None:
    document = index_document(image_entry("linux/amd64"))
    said = Need(replace(document.descriptor(), size=7), Part.INDEX, ("1.0",))

    assert texts(problems_of_document(said, document)) == [
        (State.WRONG, f"an index says 7 bytes of {OCI_INDEX}, it has {document.size} of {OCI_INDEX}")
    ]


def test_an_attestation_has_to_speak_of_an_image_beside_it() -> None:
    good = index_document(image_entry("linux/amd64", digest=A), attestation_entry(A))
    bad = index_document(image_entry("linux/amd64", digest=A), attestation_entry(B))

    found = [texts(problems_of_document(top(each, name="1.0"), each)) for each in (good, bad)]

    assert found == [[], [(State.WRONG, f"it speaks of {B}, which its index does not hold")]]


def test_what_is_listed_as_a_referrer_has_to_name_a_subject() -> None:
    subject = {"mediaType": OCI_MANIFEST, "digest": A, "size": 2}
    without, having = manifest(), manifest(subject=subject)

    found = [
        texts(problems_of_document(referring(each.descriptor(), need(Part.MANIFEST)), each))
        for each in (without, having)
    ]

    assert found == [[(State.WRONG, "it is listed as speaking of an image, and names none")], []]


@pytest.mark.parametrize(
    ("config", "platform", "os_version", "expected"),
    [
        ({}, "linux/amd64", "", []),
        ({}, "", "", []),
        ({}, "linux/arm64", "", ["it is for linux/amd64, its index says linux/arm64"]),
        ({"architecture": "arm", "variant": "v7"}, "linux/arm", "", []),
        (
            {"architecture": "arm", "variant": "v6"},
            "linux/arm/v7",
            "",
            ["it is for linux/arm/v6, its index says linux/arm/v7"],
        ),
        ({"os.version": "10.0.1"}, "linux/amd64", "10.0.1", []),
        ({"os.version": "10.0.1"}, "linux/amd64", "10.0.2", ["it is for 10.0.1, its index says 10.0.2"]),
        ({"rootfs": {"diff_ids": [A, B]}}, "linux/amd64", "", ["it tells of 2 layers, its manifest of 1"]),
        ({"rootfs": {"diff_ids": [7]}}, "", "", [f"{NONE}: expected a list of sha256 digests as `rootfs.diff_ids`"]),
        ({"os": ""}, "", "", [f"{NONE}: expected the words `os` and `architecture`"]),
    ],
)
@pytest.mark.parametrize("media_type", [OCI_CONFIG, DOCKER_CONFIG])
def test_a_configuration_has_to_agree_with_index_and_manifest(
    config: dict[str, Any], platform: str, os_version: str, expected: list[str], media_type: str
) -> None:
    content = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [A]}, **config}).encode()
    on = Platform.parse(platform) if platform else None
    image = manifest((LAYER, B), config={"mediaType": media_type, "digest": A, "size": 2})
    said = replace(image.descriptor(platform=on), os_version=os_version)

    found = problems_of_config(need(Part.CONFIG), content, [(said, image)])

    assert texts(found) == [(State.WRONG, what) for what in expected]


def test_a_configuration_of_something_else_is_left_alone() -> None:
    signature = manifest(("application/vnd.dev.cosign.simplesigning.v1+json", B))

    found = problems_of_config(need(Part.CONFIG), b"{}", [(signature.descriptor(), signature)])

    assert texts(found) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"os": "linux", "architecture": "amd64"}', ImageConfig(Platform("linux", "amd64"))),
        (b"{}", None),
        (b"", None),
    ],
)
def test_what_a_configuration_says(content: bytes, expected: ImageConfig | None) -> None:
    assert config_of(content) == expected


@pytest.mark.parametrize(
    ("machines", "platform", "expected"),
    [
        ({AMD64}, "linux/amd64", []),
        ({AMD64, ARM64}, "linux/arm64", []),
        (set(), "linux/amd64", []),
        ({AMD64}, "windows/amd64", []),
        ({AMD64}, "plan9/mips", []),
        ({AMD64}, "linux/arm64", ["it holds programs for amd64, its image is for linux/arm64"]),
        (
            {40, 2},
            "linux/s390x",
            ["it holds programs for ELF machine 2, arm32v5/arm32v6/arm32v7, its image is for linux/s390x"],
        ),
    ],
)
def test_a_layer_has_to_hold_programs_for_its_platform(machines: set[int], platform: str, expected: list[str]) -> None:
    images = [(manifest((LAYER, A)), ImageConfig(Platform.parse(platform)))] * 2

    found = problems_of_layer(need(Part.LAYER), Streamed(1, frozenset(machines)), images)

    assert texts(found) == [(State.WRONG, what) for what in expected]


@pytest.mark.parametrize(
    ("plain", "said", "expected"),
    [
        (A, [(A, B)], []),
        # One that cannot be unpacked here, and a configuration that tells of fewer layers.
        ("", [(B, A)], []),
        (A, [()], []),
        (A, [(B, A), (B, A)], [f"unpacked it is {A}, its image's configuration says {B}"]),
    ],
)
def test_a_layer_has_to_be_what_the_configuration_says_of_it_unpacked(
    plain: str, said: list[tuple[str, ...]], expected: list[str]
) -> None:
    image = manifest((LAYER, A), (LAYER, B))
    images = [(image, ImageConfig(Platform("linux", "amd64"), diff_ids=diff_ids)) for diff_ids in said]

    found = problems_of_layer(need(Part.LAYER), Streamed(1, diff_id=plain), images)

    assert texts(found) == [(State.WRONG, what) for what in expected]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], ["it lists no image"]),
        ([image_entry("linux/amd64", digest=A), image_entry("linux/arm64", digest=B)], []),
        (
            [image_entry("linux/arm64", digest=A), image_entry("linux/arm64/v8", digest=B)],
            ["it lists linux/arm64/v8 2 times, of which clients take the first"],
        ),
        # As the index of a layout does, whose images have names.
        ([{**image_entry("linux/amd64"), "annotations": {NAME: name}} for name in ("1.0", "2.0")], []),
        # One image in two compressions.
        ([image_entry("linux/amd64"), {**image_entry("linux/amd64"), "annotations": {ZSTD: "true"}}], []),
    ],
)
def test_an_index_has_to_list_images_and_each_platform_once(entries: list[Any], expected: list[str]) -> None:
    document = index_document(*entries)

    found = problems_of_document(top(document, name="1.0"), document)

    assert texts(found) == [(State.WRONG, what) for what in expected]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"subject": [{"digest": {"sha256": A[7:]}}]}, []),
        ({"subject": [{"digest": {"sha256": B[7:]}}, {"digest": {"sha256": A[7:]}}]}, []),
        ({"subject": []}, []),
        ({"subject": None}, []),
        ({}, []),
        ({"subject": [{"digest": {"sha256": B[7:]}}]}, [f"it speaks of {B}, it stands beside {A}"]),
        ({"subject": [7]}, ["it is no in-toto statement"]),
        ({"subject": [{}]}, ["it is no in-toto statement"]),
        ([], ["it is no in-toto statement"]),
    ],
)
def test_a_statement_has_to_speak_of_the_image_beside_it(content: object, expected: list[str]) -> None:
    found = problems_of_statement(need(Part.STATEMENT), json.dumps(content).encode(), [A])

    assert texts(found) == [(State.WRONG, what) for what in expected]


def test_the_gravest_problem_decides() -> None:
    unknown = Problem(need(Part.LAYER), State.UNKNOWN, "busy", ExitCode.UNAVAILABLE)
    damaged = need(Part.LAYER).problem(State.DAMAGED, "other bytes")

    codes = [Verification("place", {}, {}, 0, 0, problems).code for problems in ((), (unknown,), (unknown, damaged))]

    assert codes == [ExitCode.DONE, ExitCode.UNAVAILABLE, ExitCode.CONTRACT_BROKEN]
