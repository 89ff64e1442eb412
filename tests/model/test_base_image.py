"""Bases as registries describe them, and which of them an image stands on."""

import json

import pytest

from orchestrator.model.base_image import BaseImage, base_of, check
from orchestrator.model.image_config import ImageConfig
from orchestrator.model.oci import DOCKER_LAYER, DOCKER_MANIFEST, Descriptor, Document, digest_of
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference

PLACE = Reference.parse("registry.example/base:1")
WINDOWS = Platform("windows", "amd64")


def plain(name: str) -> str:
    return digest_of(f"plain {name}".encode())


def stored(name: str) -> Descriptor:
    return Descriptor(DOCKER_LAYER, digest_of(name.encode()), len(name))


def config(*layers: str, os_version: str = "") -> ImageConfig:
    return ImageConfig(WINDOWS, os_version, diff_ids=tuple(map(plain, layers)))


def base(*layers: str, os_version: str = "", described: ImageConfig | None = None) -> BaseImage:
    content = {
        "schemaVersion": 2,
        "config": Descriptor("application/json", digest_of(b"{}"), 2).entry,
        "layers": [stored(layer).entry for layer in layers],
    }
    manifest = Document(DOCKER_MANIFEST, json.dumps(content).encode())
    return BaseImage(PLACE, manifest, described or config(*layers, os_version=os_version))


def test_a_layer_is_found_by_the_digest_of_its_plain_archive() -> None:
    found = base("one", "two")

    assert found.layers == {plain("one"): stored("one"), plain("two"): stored("two")}
    assert found.known == {plain("one"), plain("two"), stored("one").digest, stored("two").digest}


def test_a_base_with_more_layers_than_its_configuration_is_refused() -> None:
    with pytest.raises(ValueError, match="has 2 layers, and its configuration 1"):
        base("one", "two", described=config("one"))


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (("one", "two", "own"), 1),
        (("one", "own"), 0),
        (("one",), 0),
        (("own", "one"), None),
        (("two", "own"), None),
        ((), None),
    ],
)
def test_an_image_stands_on_the_base_that_shares_its_lowest_layers(
    layers: tuple[str, ...], expected: int | None
) -> None:
    bases = (base("one"), base("one", "two"))

    assert base_of(config(*layers), bases) == (None if expected is None else bases[expected])


@pytest.mark.parametrize(
    ("image", "under"),
    [
        (config("one", os_version="10.0.26100.1"), base("one", os_version="10.0.26100.1")),
        (ImageConfig(Platform("linux", "amd64")), None),
    ],
)
def test_an_image_of_the_release_of_its_base_is_good(image: ImageConfig, under: BaseImage | None) -> None:
    check(image, under)


@pytest.mark.parametrize(
    ("image", "under", "expected"),
    [
        ("", base("one", os_version="10.0.26100.1"), r"has the os\.version '', expected '10\.0\.26100\.1'"),
        ("10.0.20348.1", base("one", os_version="10.0.26100.1"), r"'10\.0\.20348\.1', expected '10\.0\.26100\.1'"),
        ("", base("one"), r"has the os\.version ''"),
        ("10.0.26100.1", None, "stands on none of the bases"),
    ],
)
def test_an_image_of_windows_without_the_release_of_its_base_is_refused(
    image: str, under: BaseImage | None, expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        check(config("one", os_version=image), under)
