import json

import pytest

from orchestrator.model.bases import (
    BUILDERS,
    Base,
    BaseManifest,
    Mirror,
    ResolvedBase,
    manifest_of_config,
    manifests_of_index,
    mirrors,
    needs_local,
    places,
    plain_http,
)
from orchestrator.model.oci import OCI_INDEX, OCI_MANIFEST, Document
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference

DEBIAN = Reference.parse("debian:trixie-slim")


def digest(character: str) -> str:
    return f"sha256:{character * 64}"


def base(*manifests: BaseManifest) -> Base:
    return Base(DEBIAN, Reference("127.0.0.1:5000", "library/debian", "trixie-slim"), manifests)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://mirror.example", Mirror("mirror.example")),
        ("https://mirror.example/", Mirror("mirror.example")),
        ("https://mirror.example:8443/hub/cache/", Mirror("mirror.example:8443", "hub/cache")),
        ("http://127.0.0.1:5000", Mirror("127.0.0.1:5000", plain_http=True)),
        ("http://[::1]:5000", Mirror("[::1]:5000", plain_http=True)),
    ],
)
def test_a_mirror_is_read_from_its_url(text: str, expected: Mirror) -> None:
    assert Mirror.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mirror.example",
        "local",
        "ftp://mirror.example",
        "https://user:secret@mirror.example",
        "https://mirror.example/?a=b",
        "https://mirror.example/#x",
        "https://mirror.example/Upper",
        "https:///hub",
        "https://mirror.example/a b",
    ],
)
def test_what_is_no_mirror_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a mirror; write it like"):
        Mirror.parse(text)


def test_local_is_where_the_embedded_registry_listens() -> None:
    found = mirrors({"docker.io": ("local", "https://mirror.example/hub"), "ghcr.io": ()}, local="127.0.0.1:5001")

    assert found == {
        "docker.io": (Mirror("127.0.0.1:5001", plain_http=True), Mirror("mirror.example", "hub")),
        "ghcr.io": (),
    }


def test_local_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="'local' is not a mirror"):
        mirrors({"docker.io": ("local",)})


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ({}, False),
        ({"docker.io": ("https://mirror.example",)}, False),
        ({"a.example": (), "docker.io": ("local",)}, True),
    ],
)
def test_the_embedded_registry_is_needed_when_a_mirror_is_local(
    configured: dict[str, tuple[str, ...]], expected: bool
) -> None:
    assert needs_local(configured) is expected


def test_only_registries_with_an_http_url_are_spoken_to_in_plain_http() -> None:
    configured = {
        "docker.io": ("http://mirror.example", "https://other.example"),
        "ghcr.io": ("http://127.0.0.1:5000",),
    }

    assert plain_http(mirrors(configured)) == {"mirror.example", "127.0.0.1:5000"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "debian:12",
            [
                "127.0.0.1:5000/library/debian:12",
                "mirror.example/hub/library/debian:12",
                "docker.io/library/debian:12",
            ],
        ),
        (
            f"owner/app@{digest('a')}",
            [
                f"127.0.0.1:5000/owner/app@{digest('a')}",
                f"mirror.example/hub/owner/app@{digest('a')}",
                f"docker.io/owner/app@{digest('a')}",
            ],
        ),
        ("ghcr.io/owner/app:1", ["ghcr.io/owner/app:1"]),
    ],
)
def test_an_image_is_looked_for_at_the_mirrors_and_then_in_its_registry(name: str, expected: list[str]) -> None:
    found = mirrors({"docker.io": ("http://127.0.0.1:5000", "https://mirror.example/hub")})

    assert [str(place) for place in places(Reference.parse(name), found)] == expected


def test_a_mirror_that_is_the_registry_itself_is_asked_once() -> None:
    name = Reference.parse("registry.example/app:1")

    assert places(name, mirrors({"registry.example": ("https://registry.example",)})) == (name,)


@pytest.mark.parametrize(
    ("platform", "arch"),
    [
        ("linux/amd64", "amd64"),
        ("linux/arm", "arm32v7"),
        ("linux/arm/v5", "arm32v5"),
        ("linux/arm64", "arm64v8"),
        ("linux/arm64/v8", "arm64v8"),
        ("linux/386", "i386"),
        ("windows/amd64", "windows-amd64"),
    ],
)
def test_a_platform_stands_for_its_arch_and_is_pinned_where_it_was_found(platform: str, arch: str) -> None:
    others = (
        BaseManifest(Platform("linux", "mips64le"), digest("0")),
        BaseManifest(Platform("linux", "arm", "v6"), digest("1")),
    )
    found = base(*others, BaseManifest(Platform.parse(platform), digest("a"), "10.0.1"))

    assert found.resolved(arch) == ResolvedBase(
        DEBIAN, arch, Reference("127.0.0.1:5000", "library/debian", digest=digest("a")), digest("a"), "10.0.1"
    )


@pytest.mark.parametrize(
    ("platform", "arch"),
    [("linux/arm/v6", "arm32v7"), ("linux/arm", "arm32v5"), ("linux/amd64", "windows-amd64"), ("linux/amd64", "i386")],
)
def test_another_platform_is_never_taken_instead(platform: str, arch: str) -> None:
    assert base(BaseManifest(Platform.parse(platform), digest("a"))).resolved(arch) is None


def test_a_single_manifest_does_not_serve_what_the_builder_runs() -> None:
    single = base(BaseManifest(Platform("linux", "amd64"), digest("a")))

    assert single.resolved(BUILDERS) is None
    assert single.problem([BUILDERS]) == (
        "base debian:trixie-slim at 127.0.0.1:5000/library/debian:trixie-slim is a single manifest, not an index; "
        "a stage with --platform=$BUILDPLATFORM needs one that BuildKit can choose from: name another base"
    )


def test_of_several_windows_versions_the_first_counts() -> None:
    windows = Platform("windows", "amd64")
    found = base(BaseManifest(windows, digest("a"), "10.0.26100"), BaseManifest(windows, digest("b"), "10.0.20348"))

    resolved = found.resolved("windows-amd64")

    assert resolved is not None
    assert (resolved.digest, resolved.os_version) == (digest("a"), "10.0.26100")


def test_arches_are_those_that_we_know_in_their_order() -> None:
    platforms = ("linux/s390x", "linux/loong64", "linux/arm", "linux/amd64", "linux/amd64")
    found = base(*(BaseManifest(Platform.parse(text), digest("a")) for text in platforms))

    assert found.arches == ("amd64", "arm32v7", "s390x")


def test_missing_platforms_are_told_with_those_that_are_there() -> None:
    found = base(BaseManifest(Platform("linux", "amd64"), digest("a")))

    assert found.problem(["s390x", "arm32v5"]) == (
        "base debian:trixie-slim has no linux/s390x, linux/arm/v5; at 127.0.0.1:5000/library/debian:trixie-slim it has "
        "linux/amd64; take the arch out by `architectures` or `exclude` in orchestrator.yaml, or name another base"
    )


def test_attestations_and_what_has_no_platform_are_no_manifests_of_a_base() -> None:
    image = {"mediaType": OCI_MANIFEST, "size": 1}
    children = [
        {
            **image,
            "digest": digest("a"),
            "platform": {"os": "windows", "architecture": "amd64", "os.version": "10.0.1"},
        },
        {
            **image,
            "digest": digest("b"),
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        },
        {**image, "digest": digest("c")},
    ]
    index = Document(OCI_INDEX, json.dumps({"schemaVersion": 2, "manifests": children}).encode())

    assert manifests_of_index(index) == (BaseManifest(Platform("windows", "amd64"), digest("a"), "10.0.1"),)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"os": "linux", "architecture": "arm", "variant": "v7"}, BaseManifest(Platform("linux", "arm", "v7"), "d")),
        (
            {"os": "windows", "architecture": "amd64", "os.version": "10.0.1"},
            BaseManifest(Platform("windows", "amd64"), "d", "10.0.1"),
        ),
    ],
)
def test_a_single_image_is_of_the_platform_in_its_configuration(config: dict[str, str], expected: BaseManifest) -> None:
    assert manifest_of_config(json.dumps(config).encode(), digest="d") == expected


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (b"", "Expecting value"),
        (b"[]", "expected a JSON object"),
        (b"{}", "expected the words"),
        (b'{"os": "linux"}', "expected the words"),
        (b'{"os": 1, "architecture": "amd64"}', "expected the words"),
        (b'{"os": "linux", "architecture": "amd64", "variant": null}', "expected the words"),
        (b"\xff", "codec can't decode"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_malformed_configuration_is_refused(config: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        manifest_of_config(config, digest="d")
