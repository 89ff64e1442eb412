"""What the configuration of an image says of its platform and its layers."""

import json
import re
from dataclasses import dataclass
from typing import Any, Self

from orchestrator.model.oci import DOCKER_CONFIG, OCI_CONFIG, Document
from orchestrator.model.platforms import Platform
from orchestrator.model.references import is_digest

CONFIG_TYPES = frozenset({OCI_CONFIG, DOCKER_CONFIG})

_LAYER = re.compile(r"application/vnd\.(oci\.image\.layer|docker\.image\.rootfs)\.")
_WORDS = ("os", "architecture", "variant", "os.version")


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """The parts of a configuration that decide where an image runs and what it consists of.

    Keys: https://github.com/opencontainers/image-spec/blob/main/config.md#properties
    """

    platform: Platform
    os_version: str = ""
    """Only Windows images have one, such as `10.0.26100.4061`."""
    os_features: tuple[str, ...] = ()
    diff_ids: tuple[str, ...] = ()
    """Digests of the layers' plain tar archives, the lowest first."""

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read a configuration; raises ValueError for a malformed one."""
        try:
            value: Any = json.loads(content)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        if not isinstance(value, dict):
            raise ValueError("expected a JSON object")
        os, architecture, variant, os_version = (value.get(key, "") for key in _WORDS)
        if not _are_words((os, architecture, variant, os_version)) or not (os and architecture):
            raise ValueError("expected the words `os` and `architecture`")
        features = value.get("os.features") or []
        if not _are_words(features):
            raise ValueError("expected a list of words as `os.features`")
        return cls(Platform(os, architecture, variant), os_version, tuple(features), _diff_ids(value.get("rootfs")))


def is_image(manifest: Document) -> bool:
    """Whether a manifest is that of an image, and not of what has the configuration of one over other layers.

    Signatures of cosign and attestations are such. An image may have no layers.
    """
    has_config = manifest.config is not None and manifest.config.media_type in CONFIG_TYPES
    return has_config and (not manifest.layers or any(_LAYER.match(layer.media_type) for layer in manifest.layers))


def _diff_ids(rootfs: object) -> tuple[str, ...]:
    found = (rootfs.get("diff_ids") or []) if isinstance(rootfs, dict) else []
    if not _are_words(found) or not all(map(is_digest, found)):
        raise ValueError("expected a list of sha256 digests as `rootfs.diff_ids`")
    return tuple(found)


def _are_words(values: object) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)
