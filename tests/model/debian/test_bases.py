import json
from datetime import UTC, datetime

import pytest

from orchestrator.model.debian.bases import Image, Layer, Recipe, image, import_command, index, is_stand_in
from orchestrator.model.oci import OCI_INDEX, Descriptor, Document, digest_of
from orchestrator.model.platforms import ARCHES, Platform
from orchestrator.model.references import Reference

BUSYBOX = Recipe("busybox", "trixie")
LAYER = Layer(f"sha256:{'1' * 64}", f"sha256:{'2' * 64}", 9)
CREATED = datetime(2026, 7, 12, 17, 11, 0, tzinfo=UTC)


def made(arch: str, recipe: Recipe = BUSYBOX) -> Image:
    return image(recipe, arch_name=arch, layer=LAYER, made_from="busybox-static 1.37 of trixie", created=CREATED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("debian:trixie", Recipe("debian", "trixie")),
        ("debian:trixie-slim", Recipe("debian", "trixie", slim=True)),
        ("docker.io/library/debian:sid-slim", Recipe("debian", "sid", slim=True)),
        ("buildpack-deps:bookworm", Recipe("buildpack-deps", "bookworm")),
        ("busybox:trixie", BUSYBOX),
    ],
)
def test_a_recipe_is_named_like_the_official_image(text: str, expected: Recipe) -> None:
    assert Recipe.parse(text) == expected
    assert Reference.parse(str(expected)) == Reference.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "debian",
        "debian:12",
        "debian:trixie-20260101",
        "busybox:trixie-slim",
        "busybox:1.37",
        "buildpack-deps:trixie-curl",
        "alpine:edge",
        "ghcr.io/library/debian:trixie",
        "owner/debian:trixie",
        f"debian:trixie@sha256:{'a' * 64}",
    ],
)
def test_what_cannot_be_made_is_refused_with_what_can(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be made from Debian's archive; there are debian:SUITE"):
        Recipe.parse(text)


@pytest.mark.parametrize(
    ("name", "arches", "expected"),
    [
        ("debian:trixie-slim", (), "orchestrator bases import debian:trixie-slim"),
        (
            "debian:trixie",
            ("amd64", "arm32v5"),
            "orchestrator bases import debian:trixie --arch amd64 --arch arm32v5",
        ),
        ("busybox:trixie", ("arm32v6",), None),
        ("alpine:3.24", ("amd64",), None),
    ],
)
def test_the_command_that_makes_a_stand_in(name: str, arches: tuple[str, ...], expected: str | None) -> None:
    assert import_command(Reference.parse(name), arches) == expected


def test_an_image_says_what_it_is_and_is_not() -> None:
    result = made("arm32v5")

    honest = "made from busybox-static 1.37 of trixie of Debian's archive; not the official image"
    assert json.loads(result.config) == {
        "os": "linux",
        "architecture": "arm",
        "variant": "v5",
        "created": "2026-07-12T17:11:00Z",
        "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": [LAYER.diff_id]},
        "history": [
            {
                "created": "2026-07-12T17:11:00Z",
                "created_by": "orchestrator bases import busybox:trixie",
                "comment": honest,
            }
        ],
    }
    assert dict(result.manifest.annotations)["org.opencontainers.image.description"] == honest
    assert result.manifest.config is not None
    assert result.manifest.config.digest == digest_of(result.config)
    assert [(layer.digest, layer.size) for layer in result.manifest.layers] == [(LAYER.digest, LAYER.size)]


def test_equal_content_gives_equal_bytes() -> None:
    assert made("amd64") == made("amd64")


def test_whole_systems_start_a_shell_of_theirs_and_need_to_run_programs() -> None:
    debian = Recipe("debian", "trixie")

    assert json.loads(made("amd64", debian).config)["config"]["Cmd"] == ["bash"]
    assert (debian.runs_programs, BUSYBOX.runs_programs) == (True, False)


def test_an_index_keeps_arches_that_are_not_made_anew_and_has_one_order() -> None:
    first = index(BUSYBOX, {arch: made(arch).descriptor for arch in ("s390x", "amd64")})
    newer = Descriptor(
        "application/vnd.oci.image.manifest.v1+json", f"sha256:{'7' * 64}", 5, Platform("linux", "s390x")
    )

    second = index(BUSYBOX, {"s390x": newer, "arm64v8": made("arm64v8").descriptor}, existing=first)

    assert [(str(child.platform), child.digest) for child in second.children] == [
        ("linux/amd64", made("amd64").manifest.digest),
        ("linux/arm64/v8", made("arm64v8").manifest.digest),
        ("linux/s390x", newer.digest),
    ]


def test_an_index_of_what_is_there_already_is_the_same() -> None:
    arches = [name for name, arch in ARCHES.items() if arch.debian]
    first = index(BUSYBOX, {arch: made(arch).descriptor for arch in arches})

    assert index(BUSYBOX, {"s390x": made("s390x").descriptor}, existing=first) == first


def test_only_an_index_that_was_made_for_the_recipe_may_be_extended() -> None:
    ours = index(BUSYBOX, {"amd64": made("amd64").descriptor})
    foreign = Document(OCI_INDEX, b'{"schemaVersion":2,"manifests":[]}')

    assert is_stand_in(ours, BUSYBOX)
    assert not is_stand_in(ours, Recipe("busybox", "bookworm"))
    assert not is_stand_in(foreign, BUSYBOX)
    assert not is_stand_in(made("amd64").manifest, BUSYBOX)
