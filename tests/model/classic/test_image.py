import json

import pytest

from orchestrator.model.base_image import BaseImage
from orchestrator.model.classic.image import layer_type, manifest, top
from orchestrator.model.image_config import ImageConfig
from orchestrator.model.oci import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Descriptor,
    Document,
    digest_of,
)
from orchestrator.model.platforms import Platform
from orchestrator.model.references import Reference

CONFIG = b'{"os": "windows"}'
FOREIGN = Descriptor(
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    digest_of(b"foreign"),
    7,
    urls=("https://layers.example/one",),
)
OWN = Descriptor(DOCKER_LAYER, digest_of(b"own"), 3)


def base(kind: str) -> BaseImage:
    content = {"schemaVersion": 2, "config": Descriptor(DOCKER_CONFIG, digest_of(b"{}"), 2).entry, "layers": []}
    platform = Platform("windows", "amd64")
    return BaseImage(
        Reference.parse("b.example/b"), Document(kind, json.dumps(content).encode()), ImageConfig(platform)
    )


@pytest.mark.parametrize(
    ("under", "kind", "config_type", "type_of_layers"),
    [
        (base(DOCKER_MANIFEST), DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER),
        (base(OCI_MANIFEST), OCI_MANIFEST, OCI_CONFIG, OCI_LAYER),
        (None, OCI_MANIFEST, OCI_CONFIG, OCI_LAYER),
    ],
)
def test_an_image_is_of_the_family_of_its_base(
    under: BaseImage | None, kind: str, config_type: str, type_of_layers: str
) -> None:
    made = manifest(CONFIG, (FOREIGN, OWN), base=under)

    assert made.media_type == kind
    assert made.config == Descriptor(config_type, digest_of(CONFIG), len(CONFIG))
    assert made.layers == (FOREIGN, OWN)
    assert layer_type(under) == type_of_layers


def test_equal_images_have_equal_bytes() -> None:
    assert manifest(CONFIG, (OWN,), base=None).content == (
        b'{"config":{"digest":"%b","mediaType":"application/vnd.oci.image.config.v1+json","size":17},'
        b'"layers":[{"digest":"%b","mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":3}],'
        b'"mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2}'
        % (digest_of(CONFIG).encode(), OWN.digest.encode())
    )


def test_a_layout_names_the_release_and_the_features_of_windows() -> None:
    made = manifest(CONFIG, (OWN,), base=None)

    index = json.loads(top(made, ImageConfig(Platform("windows", "amd64"), "10.0.26100.1", ("win32k",))))

    assert index["manifests"] == [
        {
            "mediaType": OCI_MANIFEST,
            "digest": made.digest,
            "size": made.size,
            "platform": {
                "os": "windows",
                "architecture": "amd64",
                "os.version": "10.0.26100.1",
                "os.features": ["win32k"],
            },
        }
    ]
