import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.oci import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Document,
    digest_of,
)
from orchestrator.model.platforms import ARCHES, Platform
from orchestrator.model.publishing.index import (
    Member,
    assemble,
    has_same_images,
    members,
    members_of_all,
    without_platform,
)
from tests.samples import attestation_entry, image_entry, index_document

AMD64 = digest_of(b"amd64")
ARM = digest_of(b"arm")
GONE = digest_of(b"gone")


def image(arch: str, *, os_version: str = "", digest: str = "", platform: Platform | None = None) -> Descriptor:
    return Descriptor(
        OCI_MANIFEST,
        digest or digest_of(f"{arch} {os_version}".encode()),
        7,
        platform=platform or ARCHES[arch].platform,
        os_version=os_version,
    )


def member(arch: str, *, os_version: str = "") -> Member:
    return Member(arch, image(arch, os_version=os_version))


def listed(document: Any) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(document.content)["manifests"]
    return entries


def test_a_staged_index_has_images_with_what_speaks_of_them() -> None:
    staged = index_document(
        image_entry("linux/amd64", digest=AMD64),
        attestation_entry(AMD64),
        attestation_entry(GONE),
        {**image_entry("linux/amd64/v2", digest=ARM), "annotations": {"a": "b"}},
    )

    found = members(staged, arch="amd64")

    by_digest = {child.digest: child for child in staged.children}
    assert found == (
        Member("amd64", by_digest[AMD64], (by_digest[attestation_entry(AMD64)["digest"]],)),
        Member("amd64", by_digest[ARM]),
    )


def manifest() -> Document:
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": GONE, "size": 2}
    return Document(OCI_MANIFEST, json.dumps({"schemaVersion": 2, "config": config, "layers": []}).encode())


def test_a_single_image_is_its_only_member() -> None:
    single = manifest()

    assert members(single, arch="s390x") == (Member("s390x", Descriptor(OCI_MANIFEST, single.digest, single.size)),)
    assert assemble(members(single, arch="s390x")).children == (
        Descriptor(OCI_MANIFEST, single.digest, single.size, platform=Platform("linux", "s390x")),
    )


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (image_entry("linux/s390x", digest=AMD64), f"{AMD64} is for linux/s390x, expected linux/amd64"),
        (image_entry("windows/amd64", digest=AMD64), f"{AMD64} is for windows/amd64, expected linux/amd64"),
        (
            {**image_entry("linux/amd64", digest=AMD64), "mediaType": OCI_INDEX},
            f"{AMD64} is an index within an index, expected an image",
        ),
    ],
)
def test_what_is_of_another_arch_is_refused(entry: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        members(index_document(image_entry("linux/amd64"), entry), arch="amd64")


def test_the_images_of_others_are_of_the_arch_that_their_platform_says() -> None:
    bare = {key: value for key, value in image_entry("linux/arm/v5", digest=ARM).items() if key != "platform"}
    entries = (
        image_entry("linux/arm64", digest=AMD64),
        attestation_entry(AMD64),
        image_entry("linux/amd64/v3"),
        bare,
        {**bare, "digest": GONE},
    )
    document = index_document(*entries)
    said = Descriptor(OCI_MANIFEST, ARM, 7, platform=Platform("linux", "arm", "v5"))

    found = members_of_all(document, {ARM: said})

    assert [(each.arch, each.platform, each.image.digest, len(each.attestations)) for each in found] == [
        ("arm64v8", "linux/arm64/v8", AMD64, 1),
        ("", "linux/amd64/v3", digest_of(b"linux/amd64/v3"), 0),
        ("arm32v5", "linux/arm/v5", ARM, 0),
    ]
    assert [image.digest for image in without_platform(document)] == [ARM, GONE]


def test_an_image_of_no_arch_of_ours_keeps_its_platform_and_stands_last() -> None:
    (foreign,) = members_of_all(index_document(image_entry("linux/amd64/v3")), {})

    index = assemble([foreign, member("windows-amd64", os_version="10.0.1.1"), member("amd64")])

    assert [str(child.platform) for child in index.children] == ["linux/amd64", "windows/amd64", "linux/amd64/v3"]


def test_an_image_says_which_version_it_holds() -> None:
    plain = member("amd64")

    assert (plain.version, plain.holding("2.0.1").version, plain.holding("1").holding("2.0.1")) == (
        "",
        "2.0.1",
        plain.holding("2.0.1"),
    )
    assert listed(assemble([plain.holding("2.0.1")]))[0]["annotations"] == {"org.opencontainers.image.version": "2.0.1"}


def docker(arch: str) -> Member:
    return Member(arch, replace(image(arch), media_type=DOCKER_MANIFEST))


@pytest.mark.parametrize(
    ("several", "annotations", "expected"),
    [
        ([docker("amd64"), docker("s390x")], {}, DOCKER_LIST),
        ([docker("amd64"), member("s390x")], {}, DOCKER_LIST),
        ([member("amd64"), docker("s390x")], {}, OCI_INDEX),
        ([docker("amd64")], {"a": "b"}, OCI_INDEX),
        ([], {}, OCI_INDEX),
    ],
)
def test_the_kind_of_an_index_follows_its_first_image(
    several: list[Member], annotations: dict[str, str], expected: str
) -> None:
    index = assemble(several, annotations=annotations)

    assert (index.media_type, json.loads(index.content)["mediaType"]) == (expected, expected)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (assemble([member("amd64")], annotations={"a": "b"}), True),
        (assemble([member("amd64").holding("2.0.1")]), True),
        (assemble([member("amd64"), member("s390x")]), False),
        (assemble([member("s390x")]), False),
        (assemble([docker("amd64")]), False),
        (assemble([Member("amd64", image("amd64", digest=GONE))]), False),
    ],
)
def test_indexes_are_alike_by_what_can_be_pulled_and_not_by_what_they_say(other: Document, *, expected: bool) -> None:
    assert has_same_images(assemble([member("amd64")]), other) is expected


def test_annotations_stand_in_the_index_and_leave_its_members_alone() -> None:
    several = [member("amd64")]

    annotated = assemble(several, annotations={"b": "2/3", "a": "ü"})

    assert json.loads(annotated.content) == {
        **json.loads(assemble(several).content),
        "annotations": {"a": "ü", "b": "2/3"},
    }
    assert assemble(members(annotated, arch="amd64")) == assemble(several)


def test_an_index_without_images_has_no_members() -> None:
    assert members(index_document(attestation_entry(GONE)), arch="amd64") == ()


def test_the_bytes_are_those_of_put_multiarch() -> None:
    # By hand from the rule: keys sorted, no white space, `/` written as `\\/`, UTF-8, no line break at the end.
    provenance = attestation_entry(AMD64)
    text = (
        '{"manifests":['
        f'{{"digest":"{AMD64}","mediaType":"application\\/vnd.oci.image.manifest.v1+json",'
        '"platform":{"architecture":"amd64","os":"linux"},"size":7},'
        '{"annotations":'
        f'{{"vnd.docker.reference.digest":"{AMD64}","vnd.docker.reference.type":"attestation-manifest"}},'
        f'"digest":"{provenance["digest"]}","mediaType":"application\\/vnd.oci.image.manifest.v1+json",'
        '"platform":{"architecture":"unknown","os":"unknown"},"size":9},'
        f'{{"annotations":{{"name":"grün\\/a"}},"digest":"{ARM}",'
        '"mediaType":"application\\/vnd.oci.image.manifest.v1+json",'
        '"platform":{"architecture":"arm","os":"linux","variant":"v7"},"size":7}'
        '],"mediaType":"application\\/vnd.oci.image.index.v1+json","schemaVersion":2}'
    )
    staged = index_document(image_entry("linux/amd64", digest=AMD64), provenance)
    arm = replace(image("arm32v7", digest=ARM, platform=Platform("linux", "arm")), annotations=(("name", "grün/a"),))

    index = assemble([Member("arm32v7", arm), *members(staged, arch="amd64")])

    assert index.content == text.encode()
    assert (index.digest, index.media_type) == (f"sha256:{hashlib.sha256(text.encode()).hexdigest()}", OCI_INDEX)


def test_an_attestation_without_a_platform_has_none() -> None:
    bare = {key: value for key, value in attestation_entry(AMD64).items() if key != "platform"}

    index = assemble(members(index_document(image_entry("linux/amd64", digest=AMD64), bare), arch="amd64"))

    assert [sorted(entry) for entry in listed(index)] == [
        ["digest", "mediaType", "platform", "size"],
        ["annotations", "digest", "mediaType", "size"],
    ]


def test_everything_that_a_descriptor_says_is_kept() -> None:
    foreign = Descriptor(
        DOCKER_MANIFEST,
        AMD64,
        7,
        platform=Platform("windows", "amd64"),
        os_version="10.0.26100.4061",
        urls=("https://example.org/a",),
        os_features=("win32k",),
        artifact_type="application/a",
    )

    index = assemble([Member("windows-amd64", foreign)])

    assert index.children == (foreign,)
    assert listed(index) == [
        {
            "artifactType": "application/a",
            "digest": AMD64,
            "mediaType": DOCKER_MANIFEST,
            "platform": {
                "architecture": "amd64",
                "os": "windows",
                "os.features": ["win32k"],
                "os.version": "10.0.26100.4061",
            },
            "size": 7,
            "urls": ["https://example.org/a"],
        }
    ]


@pytest.mark.parametrize(
    ("arch", "claimed"),
    [
        ("arm32v7", Platform("linux", "arm")),
        ("arm32v5", Platform("linux", "arm", "v7")),
        ("arm64v8", Platform("linux", "arm64")),
        ("amd64", Platform("linux", "amd64", "v3")),
    ],
)
def test_a_platform_is_spelled_as_its_arch_says(arch: str, claimed: Platform) -> None:
    index = assemble([Member(arch, image(arch, platform=claimed))])

    assert [child.platform for child in index.children] == [ARCHES[arch].platform]


def test_arches_stand_in_the_order_of_their_names_and_releases_of_windows_newest_first() -> None:
    versions = ["10.0.9999.1", "10.0.20348.3692", "10.0.26100.999", "10.0.26100.4061"]
    every = [member("windows-amd64", os_version=version) for version in versions]
    every += [member(arch) for arch in reversed(ARCHES) if arch != "windows-amd64"]

    index = assemble(every)

    linux = [str(ARCHES[arch].platform) for arch in sorted(ARCHES) if arch != "windows-amd64"]
    assert [f"{child.platform} {child.os_version}".strip() for child in index.children] == [
        *linux,
        "windows/amd64 10.0.26100.4061",
        "windows/amd64 10.0.26100.999",
        "windows/amd64 10.0.20348.3692",
        "windows/amd64 10.0.9999.1",
    ]


@given(st.permutations([member(arch) for arch in ARCHES] + [member("windows-amd64", os_version="10.0.1.1")]))
def test_equal_members_give_equal_bytes_in_whatever_order_they_come(several: list[Member]) -> None:
    assert assemble(several).digest == assemble(sorted(several, key=lambda each: each.image.digest)).digest


def test_a_member_is_named_with_its_release_of_windows() -> None:
    assert [
        member("arm64v8").platform,
        member("windows-amd64", os_version="10.0.26100.4061").platform,
    ] == ["linux/arm64/v8", "windows/amd64 10.0.26100.4061"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (member("arm64v8"), Member("", image("arm64v8", platform=Platform("linux", "arm64"))), True),
        (Member("", image("arm32v7", platform=Platform("linux", "arm"))), member("arm32v7"), True),
        (member("arm32v5"), member("arm32v7"), False),
        (member("amd64"), Member("", image("amd64", platform=Platform("linux", "amd64", "v2"))), False),
        (
            member("windows-amd64", os_version="10.0.26100.1"),
            member("windows-amd64", os_version="10.0.26100.4061"),
            True,
        ),
        (member("windows-amd64", os_version="10.0.26100.1"), member("windows-amd64", os_version="10.0.20348.1"), False),
    ],
)
def test_what_an_image_stands_for_is_its_platform_in_full_and_the_release_of_windows(
    one: Member, other: Member, *, expected: bool
) -> None:
    assert (one.place == other.place) is expected
