import json
from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator.model.image_config import ImageConfig, is_image
from orchestrator.model.oci import DOCKER_CONFIG, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Document, digest_of
from orchestrator.model.platforms import Platform
from tests.samples import index_document

DIFF_IDS = (digest_of(b"one"), digest_of(b"two"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"os": "linux", "architecture": "arm64", "variant": "v8", "rootfs": {"diff_ids": list(DIFF_IDS)}},
            ImageConfig(Platform("linux", "arm64", "v8"), diff_ids=DIFF_IDS),
        ),
        (
            {"os": "windows", "architecture": "amd64", "os.version": "10.0.26100.1", "os.features": ["win32k"]},
            ImageConfig(Platform("windows", "amd64"), "10.0.26100.1", ("win32k",)),
        ),
        (
            {"os": "linux", "architecture": "amd64", "os.features": None, "rootfs": {"diff_ids": None}},
            ImageConfig(Platform("linux", "amd64")),
        ),
    ],
)
def test_what_decides_about_an_image_is_read(value: dict[str, Any], expected: ImageConfig) -> None:
    assert ImageConfig.parse(json.dumps(value).encode()) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "Expecting value"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "expected a JSON object"),
        (b'{"os": "linux"}', "`os` and `architecture`"),
        (b'{"os": "linux", "architecture": 7}', "`os` and `architecture`"),
        (b'{"os": "linux", "architecture": "amd64", "os.features": "win32k"}', r"`os\.features`"),
        (b'{"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": "sha256:ab"}}', r"`rootfs\.diff_ids`"),
        (b'{"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ["sha256:ab"]}}', r"`rootfs\.diff_ids`"),
        (b'{"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [7]}}', r"`rootfs\.diff_ids`"),
    ],
)
def test_a_malformed_configuration_is_refused(content: bytes, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        ImageConfig.parse(content)


@pytest.mark.parametrize(
    ("config", "layers", "expected"),
    [
        (OCI_CONFIG, [OCI_LAYER], True),
        (DOCKER_CONFIG, ["application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"], True),
        (OCI_CONFIG, [], True),
        # A signature of cosign, an attestation of BuildKit, an artifact.
        (OCI_CONFIG, ["application/vnd.dev.cosign.simplesigning.v1+json"], False),
        (OCI_CONFIG, ["application/vnd.in-toto+json"], False),
        ("application/vnd.oci.empty.v1+json", [OCI_LAYER], False),
    ],
)
def test_an_image_is_known_by_its_configuration_and_its_layers(
    config: str, layers: Sequence[str], *, expected: bool
) -> None:
    entry = {"digest": DIFF_IDS[0], "size": 7}
    body = {
        "schemaVersion": 2,
        "config": {**entry, "mediaType": config},
        "layers": [{**entry, "mediaType": layer} for layer in layers],
    }

    assert is_image(Document(OCI_MANIFEST, json.dumps(body).encode())) is expected


def test_an_index_is_no_image() -> None:
    assert not is_image(index_document())
